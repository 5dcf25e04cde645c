"""A small copy of a model that guesses what the model will write, where that is faster."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import pad
from transformers.pytorch_utils import Conv1D

from explainers.models.copies.variants import kept_copy, sharing_copy

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LEAST_PARAMETERS = 100_000_000  # of linear layers: below that, reading them is not what takes the time
GROUP, LEVELS = 32, 15  # weights that share a scale and a zero, and steps between the least and the largest
BYTES = 0.5 + 4 / GROUP  # per weight: half a byte, and two bfloat16 numbers per group
OUTPUTS = 16  # torch's product wants a multiple of so many
TRIED, GAIN = 2048, 2.0  # rows and columns of the weights that are tried, least gain in speed


def faster_draft(model) -> Callable[[], PreTrainedModel | None] | None:
    """What gives the model's 4-bit copy, kept as long as the model, or None where memory does not hold it;
    None where it would not pay. Making it takes a second or so.

    It pays for an fp32 model on a CPU that takes torch's 4-bit products fast, if the model is so large that
    the time of a token is that of reading its weights.
    """
    size = sum(module.weight.numel() for module in model.modules() if _is_replaced(module))
    if model.dtype is not torch.float32 or model.device.type != "cpu" or size < LEAST_PARAMETERS:
        return None
    return partial(kept_copy, model, draft_copy, int(BYTES * size)) if products_are_faster() else None


def draft_copy(model):
    """A copy with the weights of its linear layers in 4 bits; it shares all else with the model."""
    draft = sharing_copy(model)
    for module in list(draft.modules()):
        for name, child in module.named_children():
            if _is_replaced(child):
                setattr(module, name, Int4Linear(child))
    return draft


def _is_replaced(module: torch.nn.Module) -> bool:
    if type(module) is Conv1D:
        return module.weight.shape[0] % GROUP == 0
    return type(module) is torch.nn.Linear and module.in_features % GROUP == 0


class Int4Linear(torch.nn.Module):
    """A linear layer, or GPT-2's Conv1D, with 4-bit weights: fp32 in, fp32 out, the product in bfloat16.

    The weights of a group lie on LEVELS + 1 points between its least and its largest.
    """

    scales: torch.Tensor
    packed: torch.Tensor

    def __init__(self, layer: torch.nn.Linear | Conv1D):
        super().__init__()
        weight = layer.weight.detach()
        weight = weight.T if isinstance(layer, Conv1D) else weight  # Conv1D holds it (inputs, outputs)
        self.outputs, self.bias = len(weight), layer.bias
        groups = pad(weight, (0, 0, 0, -len(weight) % OUTPUTS)).unflatten(1, (-1, GROUP))  # (O', G, 32)
        least, most = groups.aminmax(dim=2, keepdim=True)
        scale = ((most - least) / LEVELS).clamp(min=torch.finfo(torch.float32).tiny)
        steps = ((groups - least) / scale).round().clamp(0, LEVELS).to(torch.int32).flatten(1)
        middle = least + (LEVELS + 1) // 2 * scale  # torch's zero is that of the step 8
        scales = torch.cat([scale, middle], 2).transpose(0, 1).to(torch.bfloat16).contiguous()  # (G, O', 2)
        self.register_buffer("scales", scales)
        self.register_buffer("packed", torch._convert_weight_to_int4pack_for_cpu(steps, 1))

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        rows = states.reshape(-1, states.shape[-1]).to(torch.bfloat16)
        product = torch._weight_int4pack_mm_for_cpu(rows, self.packed, GROUP, self.scales)
        product = product[:, : self.outputs].float().view(*states.shape[:-1], self.outputs)
        return product if self.bias is None else product + self.bias


@cache
def products_are_faster() -> bool:
    """Whether this processor takes a 4-bit product so much faster than one in fp32; tried in 0.1 s.

    On some torch has only a plain loop for it.
    """
    layer, states = torch.nn.Linear(TRIED, TRIED, bias=False).requires_grad_(False), torch.ones(1, TRIED)
    return _seconds(Int4Linear(layer), states) <= _seconds(layer, states) / GAIN


def _seconds(layer: torch.nn.Module, states: torch.Tensor) -> float:
    """The least of several tries."""
    times = []
    for _ in range(9):
        started = perf_counter()
        layer(states)
        times.append(perf_counter() - started)
    return min(times)
