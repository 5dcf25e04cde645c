"""Whether gradients may be taken through a model as it is held."""

from __future__ import annotations

from inspect import signature
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.models.loaded import embedded_tokens
from explainers.targets.causal.reading import FAILURES, TRIED, is_quantized
from explainers.targets.causal.token_inputs import TokenInputs

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STEP = 0.05  # of the embeddings' own size, to either side
LARGEST_ERROR = 0.3  # of what the step shows
QUANTIZED = (
    "Gradients through this model's quantized weights are not right here. Choose a method without gradients, "
    "such as feature_ablation, or the model that it was made from."
)
CUT = (
    "{} models do not give the whole gradient of what they say. Choose a method without gradients, such as "
    "feature_ablation, or a model of another kind."
)

_trying = Lock()
_right: WeakKeyDictionary[PreTrainedModel, bool] = WeakKeyDictionary()


def check_gradients(model: PreTrainedModel) -> None:
    """Raise MaskwiseError where the model's gradients are not right, tried once."""
    with _trying:
        if model not in _right:
            _right[model] = _try(model)
    if not _right[model]:
        raise MaskwiseError(QUANTIZED if is_quantized(model) else CUT.format(model.config.model_type))


def _try(model: PreTrainedModel) -> bool:
    try:
        return _agrees(model) if is_quantized(model) else _is_whole(model)
    except FAILURES:  # NotImplementedError among them
        return False
    except AssertionError:  # Reformer knows a gradient only while it is trained
        return False


def _is_whole(model: PreTrainedModel) -> bool:
    """Whether no part of the model is computed with its gradient and without it: HRM computes all but its
    last rounds without."""
    parts: dict[torch.nn.Module, set[bool]] = {}
    thread = get_ident()  # others may read the model at the same time

    def note(part, given, found) -> None:
        if get_ident() == thread:
            parts.setdefault(part, set()).add(torch.is_grad_enabled())

    hooks = [part.register_forward_hook(note) for part in model.modules() if part._parameters]
    try:
        ids, embeds = _trial(model)
        with torch.enable_grad():
            at = embeds.clone().requires_grad_()
            torch.autograd.grad(_log_probs(model, ids, at * 1), at)  # torch may change no leaf in place
    finally:
        for hook in hooks:
            hook.remove()
    return all(len(modes) == 1 for modes in parts.values())


def _agrees(model: PreTrainedModel) -> bool:
    """Whether the gradient is what a small step shows. A library that knows no gradient of a quantized layer
    takes it for zero, with a warning at most: bitsandbytes does so on a CPU."""
    ids, embeds = _trial(model)
    step = STEP * embeds.flip(1)
    with torch.enable_grad():
        at = embeds.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(_log_probs(model, ids, at), at)
    with torch.no_grad():
        up, down = (_log_probs(model, ids, embeds + sign * step) for sign in (1, -1))
    told, shown = (gradient * step).sum().item(), (up - down).item() / 2
    return abs(told - shown) <= LARGEST_ERROR * max(abs(told), abs(shown))


def _trial(model: PreTrainedModel) -> tuple[torch.Tensor, torch.Tensor]:
    """A few token ids, (1, L), and what the model reads of them, (1, L, d + e)."""
    ids = (torch.arange(1, 1 + TRIED, device=model.device) * 7 % embedded_tokens(model))[None]
    return ids, TokenInputs(model).of(ids)


def _log_probs(model: PreTrainedModel, ids: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Of one token, summed over all positions: a number to differentiate."""
    arguments: dict[str, Any] = TokenInputs(model).arguments(inputs)
    if model.config.is_encoder_decoder:
        arguments["decoder_input_ids"] = ids
    if "use_cache" in signature(model.forward).parameters:
        arguments["use_cache"] = False
    return model(**arguments).logits.float().log_softmax(-1)[0, :, 0].sum()
