"""How an encoder–decoder is read from embeddings: tried on a few tokens, against what it gives for ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.targets.batching import is_out_of_memory
from explainers.targets.causal.reading import FAILURES, FP32_ERROR, GONE, HALF_ERROR, TRIED

if TYPE_CHECKING:
    from transformers import PreTrainedModel

known_readings: WeakKeyDictionary[PreTrainedModel, EncoderReading] = WeakKeyDictionary()


@dataclass(frozen=True)
class EncoderReading:
    """scale: of word embeddings before the encoder gets them. Some kinds scale in their embedding, some
    within the encoder, some (Marian, Pegasus) only where they look ids up. caches: a decoder that goes on
    from its cache gives what it gives without. vocabulary: number of logits."""

    scale: float
    caches: bool
    vocabulary: int


def reading_of(model: PreTrainedModel) -> EncoderReading:
    """Tried once per model; raises MaskwiseError where no way gives the logits that ids give."""
    if model not in known_readings:
        try:
            known_readings[model] = _Trial(model).reading()
        except MaskwiseError:
            raise
        except FAILURES as error:
            if is_out_of_memory(error):
                raise
            raise MaskwiseError(
                f"The encoder of this {model.config.model_type} model cannot be given word embeddings, so no "
                "word can be removed from what it reads. Choose a model of another kind."
            ) from error
    return known_readings[model]


def encoded(model: PreTrainedModel, embeds: torch.Tensor) -> Any:
    """What the encoder makes of word embeddings, (B, L, d)."""
    return model.get_encoder()(inputs_embeds=embeds.to(model.dtype) * reading_of(model).scale)


class _Trial:
    """Reads a few tokens in each way, once."""

    def __init__(self, model: PreTrainedModel):
        self._model, self._encoder = model, model.get_encoder()
        self._embed, self._start = self._encoder.get_input_embeddings(), start_ids(model)
        vocabulary = self._embed.get_parameter("weight").shape[0]
        numbers = (7 * n % vocabulary for n in range(1, TRIED + 2))
        words = [number for number in numbers if number != model.config.pad_token_id]
        self._ids = torch.tensor([words[:TRIED]], device=model.device)

    @no_grad
    def reading(self) -> EncoderReading:
        """Some of the words are zeroed, since there are kinds that take a zero embedding for padding."""
        expected = self._with_zeroed_words()
        vocabulary = expected.shape[-1]
        if not expected.isfinite().all():
            return EncoderReading(1.0, False, vocabulary)  # what is scored says so, in a sentence of its own
        embeds = self._embed(self._ids).clone()
        embeds[:, list(GONE)] = 0
        for scale in (1.0, getattr(self._encoder, "embed_scale", 1.0)):
            read = self._encoder(inputs_embeds=embeds * scale)
            if self._same(self._logits(read, self._start), expected):
                try:
                    caches = self._goes_on_from_cache(read)
                except FAILURES:  # ProphetNet's decoder does not go on from its cache
                    caches = False
                return EncoderReading(scale, caches, vocabulary)
        raise MaskwiseError(
            f"The encoder of {self._model.config.model_type} models reads more of a word than its embedding, "
            "so none can be removed from what it reads. Choose a model of another kind."
        )

    def _with_zeroed_words(self) -> torch.Tensor:
        """Logits where words are zeroed as the encoder looks them up, (1, P, V)."""
        calls = []

        def zero(module, given, found: torch.Tensor) -> torch.Tensor:
            calls.append(module)  # the decoder may look its words up in the same table, later
            if len(calls) == 1:
                found[:, list(GONE)] = 0
            return found

        hook = self._embed.register_forward_hook(zero)
        try:
            output = self._model(input_ids=self._ids, decoder_input_ids=self._start, use_cache=False)
        finally:
            hook.remove()
        return output.logits.float()

    def _logits(self, read: Any, ids: torch.Tensor, **arguments) -> torch.Tensor:
        output = self._model(encoder_outputs=read, decoder_input_ids=ids, use_cache=False, **arguments)
        return output.logits.float()

    def _goes_on_from_cache(self, read: Any) -> bool:
        """Kinds that count positions by padding (M2M100) count otherwise where an answer starts with it."""
        ids, cache, found = torch.cat([self._start, self._ids[:, :2]], 1), None, []
        for step in ids.split(1, dim=1):
            output = self._model(
                encoder_outputs=read, decoder_input_ids=step, past_key_values=cache, use_cache=True
            )
            cache = output.past_key_values
            found.append(output.logits.float())
        return cache is not None and self._same(torch.cat(found, 1), self._logits(read, ids))

    def _same(self, logits: torch.Tensor, expected: torch.Tensor) -> bool:
        close = FP32_ERROR if self._model.dtype is torch.float32 else HALF_ERROR
        return bool((logits - expected).abs().max() <= close * (1 + expected.abs().max()))


def start_ids(model: PreTrainedModel) -> torch.Tensor:
    """What stands before every answer, (1, P): the decoder's start and a first token that is forced."""
    settings = (model.config, model.generation_config)
    starts = [getattr(each, "decoder_start_token_id", None) for each in settings]
    start = next((token for token in starts if token is not None), None)
    if start is None:
        raise MaskwiseError("This model's settings do not say how its answers start. Choose another model.")
    forced = model.generation_config.forced_bos_token_id
    ids = [start] if forced is None else [start, forced]
    return torch.tensor([ids], device=model.device)


def language_notes(model: PreTrainedModel, tokenizer) -> tuple[str, ...]:
    """Said of a translator of many languages (NLLB, mBART-50, M2M100) that is not told which to answer in."""
    marks = {getattr(model.config, f"{name}_token_id", None) for name in ("bos", "eos", "pad")}
    if not getattr(tokenizer, "src_lang", None) or set(start_ids(model)[0].tolist()) - marks:
        return ()
    return (
        f"This model translates from {tokenizer.src_lang} into any of its languages, and its settings do not "
        "say into which (forced_bos_token_id in generation_config.json), so it chooses by itself.",
    )
