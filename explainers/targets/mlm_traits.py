"""What a masked language model allows: every way of reading it is tried once on a short text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.models.loaded import LoadedModel
from explainers.targets.batching import is_out_of_memory
from explainers.targets.remembered import check_finite

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
    halves = halves_of(model)
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


def halves_of(model):
    """Its encoder and its MLM head, to be called one after the other."""
    from explainers.models import mlm_halves  # here, because its classes need torch

    return mlm_halves.halves_of(model)
