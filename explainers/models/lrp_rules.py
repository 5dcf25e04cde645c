"""Other gradients for the same forward pass, within a block of this thread: those of LRP-XAI."""

from __future__ import annotations

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from explainers.core.errors import MaskwiseError


def lrp_rules(kind: str) -> TorchFunctionMode:
    """Same forward pass, other gradients: gradient × input becomes LRP-XAI's relevance.

    kind: of the model, whose attention must be eager. Ali et al. 2022 (arXiv 2202.07304): attention
    probabilities and LayerNorm's σ are constants, so that relevance flows through the values and through
    x − μ. Their model has no GELU; its rule here is the identity (relevance passes unchanged). The rules hold
    in this thread alone: no module is touched. Raises MaskwiseError for a kind that they do not cover.
    """
    if kind not in LRP_ARCHITECTURES:
        raise MaskwiseError(
            f"LRP-XAI has no rules for {kind} models; it supports {', '.join(LRP_ARCHITECTURES)}. "
            "Choose another method, or one of those models."
        )
    return _Rules()


class _Rules(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return RULES.get(func, func)(*args, **(kwargs or {}))


def _constant_softmax(*args, **kwargs):
    return functional.softmax(*args, **kwargs).detach()


def _constant_tanh(x):
    return x.tanh().detach()


def _layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(-len(normalized_shape), 0))
    centred = x - x.mean(axes, keepdim=True)
    y = centred / (x.var(axes, unbiased=False, keepdim=True) + eps).sqrt().detach()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _gelu(x, approximate="none"):
    y = functional.gelu(x, approximate=approximate)
    return x * torch.where(x == 0, 0.5, y / x).detach()


# GELU's tanh form, x · ½(1 + tanh(…)), is written out in transformers: a constant tanh is its identity rule.
RULES = {
    functional.softmax: _constant_softmax,
    functional.layer_norm: _layer_norm,
    functional.gelu: _gelu,
    torch.tanh: _constant_tanh,
}
# Encoders whose blocks consist of what the rules cover. Gated layers (ModernBERT) multiply two branches.
LRP_ARCHITECTURES = ("albert", "bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta")
