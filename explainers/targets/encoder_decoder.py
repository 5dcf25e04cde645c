"""log p and greedy answers of models that read the prompt in an encoder and write with a decoder (T5, BART).

Spans stand in the encoder's prompt; the objective is that of decoders, Σ_s log p(y_s | m⊙x, y_<s).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask, OnForward
from explainers.models.fast_fp32 import fast_fp32
from explainers.models.held import LoadedModel
from explainers.targets.base import as_masks
from explainers.targets.batching import Batches, Passes, batch_rows
from explainers.targets.causal.logits import chosen
from explainers.targets.causal.reading import FP32_ERROR, HALF_ERROR, TRIED
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.remembered import check_finite

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LOGITS_BYTES = 256 * 2**20

_scales: WeakKeyDictionary[PreTrainedModel, float] = WeakKeyDictionary()


class EncoderDecoderScorer:
    """A Scorer of the last `scored` tokens of a response, response_ids (1, R), given those before them.

    Nothing is shared between masks: each changes what the encoder reads. A prompt with spans deleted is read
    as the shorter prompt that it is.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        masked: MaskedPrompt,
        response_ids: torch.Tensor,
        scored: int,
        passes: Passes,
    ):
        self.model, self._masked, self._passes = model, masked, passes
        self._ids = response_ids[:, -scored:]  # (1, S)
        self._decoder_ids = torch.cat([start_ids(model), response_ids[:, :-1]], 1)  # (1, P + R - 1)
        self.batches = Batches()

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        keys = as_masks(masks)
        found: dict[Mask, float] = {}
        with torch.no_grad(), fast_fp32(self._ids.device):
            for _, alike in groupby(sorted(set(keys), key=self._length), key=self._length):
                for batch in self.batches.of(list(alike), self.batch_size()):
                    with batch:
                        self._passes.announce(len(batch.items))
                        values = self.token_log_probs(batch.items).sum(-1)
                        found.update(zip(batch.items, values.tolist(), strict=True))
        return torch.tensor([found[key] for key in keys], dtype=torch.float64)

    def token_log_probs(self, masks: list[Mask]) -> torch.Tensor:
        """log p of each scored token, B masks → (B, S) fp32, nats. The masks leave prompts of one length."""
        return self._log_probs(self._read(masks))

    @no_grad
    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at the scored positions under one mask, (S, V), nats."""
        return self._logits(self._read([mask]))[0].float().log_softmax(-1)

    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """log p after prompts of given embeddings, (B, L, d) → (B,) fp32; differentiable."""
        return self._log_probs(embeds).sum(-1)

    def batch_size(self) -> int:
        """Masks that are evaluated at once."""
        positions = self._masked.embeds.shape[0] + self._decoder_ids.shape[1]
        row = 4 * self._decoder_ids.shape[1] * self.model.config.vocab_size
        return max(1, min(batch_rows(self.model, positions), LOGITS_BYTES // row))

    def _length(self, mask: Mask) -> int:
        """Positions that the encoder reads."""
        length = self._masked.embeds.shape[0]
        if self._masked.operator is not MaskOperator.DELETE:
            return length
        gone = (
            len(span.positions)
            for span, kept in zip(self._masked.prompt.spans, mask, strict=True)
            if not kept
        )
        return length - sum(gone)

    def _read(self, masks: list[Mask]) -> torch.Tensor:
        """The masked prompts, (B, L', d); where nothing is left, one zero embedding stands in."""
        rows = torch.tensor(masks, dtype=torch.float32, device=self._ids.device)
        embeds = self._masked.masked(rows)
        if self._masked.operator is not MaskOperator.DELETE:
            return embeds
        kept = self._masked.keep(rows) > 0.5
        kept[:, -1] |= ~kept.any(1)
        return embeds[kept].view(len(masks), -1, embeds.shape[-1])

    def _log_probs(self, embeds: torch.Tensor) -> torch.Tensor:
        return chosen(self._logits(embeds), self._ids.expand(len(embeds), -1))

    def _logits(self, embeds: torch.Tensor) -> torch.Tensor:
        """Logits at the scored positions, (B, L', d) → (B, S, V)."""
        ids = self._decoder_ids.expand(len(embeds), -1)
        output = self.model(
            encoder_outputs=encoded(self.model, embeds), decoder_input_ids=ids, use_cache=False
        )
        return output.logits[:, -self._ids.shape[1] :]


def decoder_steps(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[list[int]]:
    """The most probable next token of every row, a step at a time. embeds: of encoder prompts, (B, L, d)."""
    model, cache = loaded.model, None
    ids = start_ids(model).expand(len(embeds), -1)
    with torch.inference_mode():
        read = encoded(model, embeds)
    for _ in range(max_new_tokens):
        on_forward(len(embeds))
        with torch.inference_mode():
            output = model(encoder_outputs=read, decoder_input_ids=ids, past_key_values=cache, use_cache=True)
            check_finite(output.logits[:, -1])
            cache, tokens = output.past_key_values, output.logits[:, -1].argmax(-1)
            ids = tokens[:, None]
        yield tokens.tolist()


def encoded(model: PreTrainedModel, embeds: torch.Tensor) -> Any:
    """What the encoder makes of word embeddings, (B, L, d)."""
    return model.get_encoder()(inputs_embeds=embeds * embedding_scale(model))


def embedding_scale(model: PreTrainedModel) -> float:
    """What word embeddings are multiplied by before the encoder gets them, tried once per model.

    Some kinds scale in their embedding, some within the encoder, some (Marian, Pegasus) only where they look
    ids up. Raises MaskwiseError where no way gives the logits that ids give.
    """
    if model not in _scales:
        _scales[model] = _try_scales(model)
    return _scales[model]


@no_grad
def _try_scales(model: PreTrainedModel) -> float:
    encoder, start, inputs = model.get_encoder(), start_ids(model), TokenInputs(model)
    vocabulary = model.get_input_embeddings().get_parameter("weight").shape[0]
    ids = (torch.arange(1, 1 + TRIED, device=model.device)[None] * 7) % vocabulary
    expected = model(input_ids=ids, decoder_input_ids=start, use_cache=False).logits.float()
    if not expected.isfinite().all():
        return 1.0  # what is scored says so, in a sentence of its own
    close = (FP32_ERROR if model.dtype is torch.float32 else HALF_ERROR) * (1 + expected.abs().max())
    for scale in (1.0, getattr(encoder, "embed_scale", 1.0)):
        read = encoder(inputs_embeds=inputs.of(ids) * scale)
        logits = model(encoder_outputs=read, decoder_input_ids=start, use_cache=False).logits.float()
        if (logits - expected).abs().max() <= close:
            return scale
    raise MaskwiseError(
        f"The encoder of {model.config.model_type} models reads more of a word than its embedding, so none "
        "can be removed from what it reads. Choose a model of another kind."
    )


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


def check_decoder_only(model: PreTrainedModel, title: str) -> None:
    """Raise MaskwiseError for a model with an encoder, which a method cannot explain."""
    if model.config.is_encoder_decoder:
        raise MaskwiseError(
            f"{title} reads prompt and answer as one text, and this model reads the prompt in an encoder of "
            "its own. Choose another method."
        )
