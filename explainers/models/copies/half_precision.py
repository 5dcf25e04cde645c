"""A copy of a model that multiplies in bfloat16, where that is faster."""

from __future__ import annotations

import torch
from transformers.pytorch_utils import Conv1D

from explainers.models.copies.variants import kept_copy, sharing_copy

LEAST_PARAMETERS = 20_000_000  # below that a pass is over before bfloat16 could save time


def faster_half(model):
    """The model's bfloat16 copy, kept as long as the model; None where it would not be faster, or not fit.

    It pays for an fp32 model on a processor that multiplies bfloat16 fast (AMX, AVX512-BF16, CUDA).
    """
    size = sum(p.numel() for p in model.parameters())
    if model.dtype is not torch.float32 or size < LEAST_PARAMETERS or not multiplies_bfloat16(model.device):
        return None
    return kept_copy(model, half_copy, 2 * size)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the processor multiplies bfloat16 matrices in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    features = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(features.get("amx_bf16") or features.get("avx512_bf16"))


def half_copy(model):
    """A copy that multiplies by its linear layers' weights in bfloat16, and does all else as the model does.

    What flows between the layers stays fp32, which halves the error of a copy wholly in bfloat16.
    """
    half = sharing_copy(model)
    weights: dict[int, torch.Tensor] = {}
    for module in list(half.modules()):
        for name, child in module.named_children():
            if type(child) in (torch.nn.Linear, Conv1D):
                setattr(module, name, HalfLinear(child, weights))
    return half


class HalfLinear(torch.nn.Module):
    """A linear layer, or GPT-2's Conv1D, whose product is taken in bfloat16: fp32 in, fp32 out.

    weights: copies made so far by the id of the original, so that layers that share a weight still do.
    """

    weight: torch.Tensor

    def __init__(self, linear: torch.nn.Linear | Conv1D, weights: dict[int, torch.Tensor]):
        super().__init__()
        weight = linear.weight.detach()
        weight = weight.T if isinstance(linear, Conv1D) else weight  # Conv1D holds it (inputs, outputs)
        half = weights.setdefault(id(linear.weight), weight.to(torch.bfloat16).contiguous())
        self.register_buffer("weight", half)
        self.bias = linear.bias

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        product = torch.nn.functional.linear(states.to(torch.bfloat16), self.weight).float()
        return product if self.bias is None else product + self.bias
