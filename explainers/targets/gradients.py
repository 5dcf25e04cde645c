"""Whether gradients may be taken through a model's weights as they are held."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.models.held import embedded_tokens
from explainers.targets.causal.reading import FAILURES, TRIED, is_quantized
from explainers.targets.causal.token_inputs import TokenInputs

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STEP = 0.05  # of the embeddings' own size, to either side
LARGEST_ERROR = 0.3  # of what the step shows
WRONG = (
    "Gradients through this model's quantized weights are not right here. Choose a method without gradients, "
    "such as xprompt, or the model that it was made from."
)

_right: WeakKeyDictionary[PreTrainedModel, bool] = WeakKeyDictionary()


def check_gradients(model: PreTrainedModel) -> None:
    """Raise MaskwiseError where a quantized model's gradient is not what a small step shows, tried once.

    A library that knows no gradient of a layer takes it for zero, with a warning at most: bitsandbytes does
    so on a CPU.
    """
    if not is_quantized(model):
        return
    if model not in _right:
        try:
            _right[model] = _agrees(model)
        except FAILURES:  # NotImplementedError among them
            _right[model] = False
    if not _right[model]:
        raise MaskwiseError(WRONG)


def _agrees(model: PreTrainedModel) -> bool:
    ids = (torch.arange(1, 1 + TRIED, device=model.device) * 7 % embedded_tokens(model))[None]
    inputs = TokenInputs(model)
    embeds = inputs.of(ids)
    apart = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}

    def log_probs(given: torch.Tensor) -> torch.Tensor:
        logits = model(**inputs.arguments(given), **apart).logits.float()
        return logits.log_softmax(-1)[0, :, 0].sum()

    step = STEP * embeds.flip(1)
    with torch.enable_grad():
        at = embeds.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(log_probs(at), at)
    with torch.no_grad():
        shown = (log_probs(embeds + step) - log_probs(embeds - step)).item() / 2
    told = (gradient * step).sum().item()
    return abs(told - shown) <= LARGEST_ERROR * max(abs(told), abs(shown))
