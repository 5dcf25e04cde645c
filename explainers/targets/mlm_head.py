"""What the MLM head reads: vocabulary logits, or the hidden states they are decoded from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward
from explainers.models.held import LoadedModel
from explainers.models.variants import with_eager_attention
from explainers.targets.batching import is_out_of_memory
from explainers.targets.remembered import check_finite
from explainers.text.templates import Cloze

BATCH_TOKENS = 4096
TRIAL = "It was {mask}, was it not?"
ROUNDING = {4: 1e-3, 2: 0.05}  # of the largest logit, by the bytes of the model's numbers
_trying = Lock()
_traits: WeakKeyDictionary = WeakKeyDictionary()


@dataclass(frozen=True)
class Traits:
    """What a masked LM allows, found by trying it.

    splits: encoder and head, called one after the other, give its logits. gives_hidden: so does the decoder
    from what the head hands to it. pads: padding behind a text, with an attention mask, changes nothing.
    """

    splits: bool
    gives_hidden: bool
    pads: bool


class MlmReader:
    """Reads a masked LM. Calls its parts one after the other, with no hook, so that threads may share it.

    hidden: read what the decoder reads, (…, d), instead of vocabulary logits, (…, V). Raises MaskwiseError
    where that, or an explanation at all, cannot be had of this kind of model.
    """

    def __init__(self, loaded: LoadedModel, hidden: bool = False):
        self.model, self.hidden, self.traits = loaded.model, hidden, traits_of(loaded)
        if hidden and not self.traits.gives_hidden:
            raise MaskwiseError(
                f"{kind_of(self.model)} models do not show what their MLM head decodes. Choose the manual or "
                "the knowledgeable verbalizer, or another model."
            )

    def at(self, positions: torch.Tensor, **inputs) -> torch.Tensor:
        """What the head gives at `positions` (B, M): (B, M, V) or (B, M, d).

        inputs: inputs_embeds (B, L, d) or input_ids (B, L), and attention_mask. In a small model the decoder
        takes as long as the encoder, and its output of a whole batch hundreds of megabytes, so it reads no
        more than is needed.
        """
        rows = torch.arange(len(positions), device=positions.device)[:, None]
        if not self.traits.splits:
            return self.model(**inputs).logits[rows, positions]
        encoded = _halves_of(self.model).encoder(**inputs)[0]  # (B, L, d)
        return self.head(encoded[rows, positions])

    def everywhere(self, inputs_embeds: torch.Tensor, eager: bool = False, **flags):
        """The model's output for word embeddings (B, L, d); its `logits` are (B, L, V) or (B, L, d).

        eager: with attention probabilities. flags: output_attentions, output_hidden_states and the like.
        """
        model = with_eager_attention(self.model) if eager else self.model
        if not self.traits.splits:
            return model(inputs_embeds=inputs_embeds, **flags)
        output = _halves_of(model).encoder(inputs_embeds=inputs_embeds, **flags)
        output["logits"] = self.head(output[0])
        return output

    def head(self, encoded: torch.Tensor) -> torch.Tensor:
        """The encoder's hidden states, (B, L, d) → (B, L, V) or (B, L, d)."""
        halves = _halves_of(self.model)
        return halves.before_decoder(encoded) if self.hidden else halves.logits(encoded)


def _halves_of(model):
    from explainers.models.mlm_halves import halves_of  # here, because its classes need torch

    return halves_of(model)


def kind_of(model) -> str:
    return model.config.model_type


def traits_of(loaded: LoadedModel) -> Traits:
    """What the model allows, tried once. Raises MaskwiseError where its words cannot be masked rightly."""
    with _trying:
        if loaded.model not in _traits:
            _traits[loaded.model] = _try(loaded)
        return _traits[loaded.model]


@no_grad
def _try(loaded: LoadedModel) -> Traits:
    """Hold every way of reading a short text against the plain one, the logits that its ids give."""
    model, tokenizer = loaded.model, loaded.tokenizer
    encoded = tokenizer(TRIAL.format(mask=tokenizer.mask_token)).input_ids
    ids = torch.tensor([encoded], device=loaded.device)
    position = torch.tensor([encoded.index(tokenizer.mask_token_id)], device=loaded.device)
    plain = _plain_logits(model, ids, position)
    close = ROUNDING[model.dtype.itemsize] * max(1.0, plain.abs().max().item())

    def agrees(other: Callable[[], torch.Tensor]) -> bool:
        found = _read(other)
        return found is not None and found.shape == plain.shape and bool((found - plain).abs().max() < close)

    if not agrees(lambda: model(input_ids=ids).logits[0, position]):
        raise _refusal(model, "they give other numbers each time")
    if not agrees(lambda: model(inputs_embeds=model.get_input_embeddings()(ids)).logits[0, position]):
        raise _refusal(
            model, "they read more than word embeddings, the only thing a word can be removed from"
        )
    padded = torch.nn.functional.pad(ids, (0, 3), value=tokenizer.pad_token_id or 0)
    kept = (torch.arange(padded.shape[1], device=ids.device) < ids.shape[1]).long()[None]
    embeds, padded_embeds = (model.get_input_embeddings()(each) for each in (ids, padded))
    alone = embeds * (ids == tokenizer.mask_token_id)[..., None]
    if agrees(lambda: model(inputs_embeds=alone).logits[0, position]):
        kind = kind_of(model)
        raise MaskwiseError(
            f"What this {kind} model reads at <mask> does not depend on the words, so there is nothing to "
            f"explain. Its weights may be damaged, or {kind} models may not run rightly on this machine. "
            "Choose another model, such as roberta-base."
        )
    return Traits(
        splits=agrees(lambda: _head_alone(model, embeds, position)),
        gives_hidden=agrees(
            lambda: model.get_output_embeddings()(_head_alone(model, embeds, position, True))
        ),
        pads=agrees(lambda: model(inputs_embeds=padded_embeds, attention_mask=kept).logits[0, position]),
    )


def _plain_logits(model, ids: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """(1, V), fp32 on the CPU."""
    try:
        plain = model(input_ids=ids).logits[0, position].float().cpu()
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise _refusal(model, "a text alone is not enough for them") from error
    check_finite(plain)
    return plain


def _head_alone(model, embeds: torch.Tensor, position: torch.Tensor, hidden: bool = False) -> torch.Tensor:
    halves = _halves_of(model)
    encoded = halves.encoder(inputs_embeds=embeds)[0][:, position]
    return (halves.before_decoder(encoded) if hidden else halves.logits(encoded))[0]


def _read(make: Callable[[], torch.Tensor]) -> torch.Tensor | None:
    """What `make` gives, fp32 on the CPU; None where this kind of model cannot be called that way."""
    try:
        return make().float().cpu()
    except Exception:
        return None


def _refusal(model, reason: str) -> MaskwiseError:
    return MaskwiseError(
        f"{kind_of(model)} models cannot be explained: {reason}. Choose another model, such as roberta-base."
    )


@no_grad
def read_masks(
    loaded: LoadedModel,
    clozes: Sequence[Cloze],
    hidden: bool = False,
    on_forward: OnForward | None = None,
) -> torch.Tensor:
    """What the head gives at each prompt's <mask>, (N, V) or, with `hidden`, (N, d); fp32 on the CPU.

    on_forward: called with the number of sequences before each pass.
    """
    reader = MlmReader(loaded, hidden)
    lengths = torch.tensor([len(cloze.prompt.input_ids) for cloze in clozes])
    rows: dict[int, torch.Tensor] = {}
    for group in alike(lengths, reader.traits.pads):
        for places in group.split(max(1, BATCH_TOKENS // int(lengths[group].max()))):
            if on_forward:
                on_forward(len(places))
            batch = [clozes[n] for n in places.tolist()]
            for n, row in zip(places.tolist(), _read_batch(reader, loaded, batch), strict=True):
                rows[n] = row
    return torch.stack([rows[n] for n in range(len(clozes))])


def _read_batch(reader: MlmReader, loaded: LoadedModel, clozes: Sequence[Cloze]) -> torch.Tensor:
    """One pass: (N, V) or (N, d), fp32 on the CPU."""
    position, inputs = batch_of(loaded, clozes)
    return reader.at(position[:, None], **inputs)[:, 0].float().cpu()


def batch_of(loaded: LoadedModel, clozes: Sequence[Cloze]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """On the model's device: where <mask> is in each row, (B,), and input_ids and attention_mask, (B, L)."""
    ids = [torch.tensor(cloze.prompt.input_ids) for cloze in clozes]
    padding = loaded.tokenizer.pad_token_id or 0
    padded = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=padding)  # (B, L)
    lengths = torch.tensor([len(row) for row in ids])
    attention = (torch.arange(padded.shape[1]) < lengths[:, None]).long()
    position = torch.tensor([cloze.mask_position for cloze in clozes], device=loaded.device)
    return position, {"input_ids": padded.to(loaded.device), "attention_mask": attention.to(loaded.device)}


def alike(lengths: torch.Tensor, pads: bool) -> Iterator[torch.Tensor]:
    """Places of the rows that may share a pass: all, or those of one length where padding changes values."""
    if pads:
        yield torch.arange(len(lengths))
        return
    for length in lengths.unique().tolist():
        yield (lengths == length).nonzero()[:, 0]
