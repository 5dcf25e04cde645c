"""An fp32 copy of a model in half precision: the same weights, with nothing rounded between its layers."""

from __future__ import annotations

import copy
from dataclasses import replace

from explainers.core.deferred_torch import torch
from explainers.models.copies.variants import kept_copy
from explainers.models.loaded import LoadedModel
from explainers.models.memory import is_spread


def in_fp32(loaded: LoadedModel) -> LoadedModel:
    """The model in fp32, kept as long as the model is; as it is where that cannot be.

    It cannot be where it is fp32 or quantized already, spread over several devices, or too large for a copy.
    A copy's dtype stays that of the weights it was made from.
    """
    model = loaded.model
    quantized = getattr(model, "is_quantized", False)
    if model.dtype not in (torch.bfloat16, torch.float16) or quantized or is_spread(model):
        return loaded
    weights = sum(weight.numel() for weight in model.parameters())
    needed = 6 * weights  # while it is made, both forms of a copy
    widened = kept_copy(model, _widened, needed)
    return replace(loaded, model=widened) if widened else loaded


def _widened(model):
    return copy.deepcopy(model).float()
