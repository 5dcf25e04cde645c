"""Other gradients for the same forward pass, within a block of this thread: those of LRP-XAI and AttnLRP."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from transformers import PretrainedConfig

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
    return _Rules(LRP_XAI)


def attn_lrp_rules(config: PretrainedConfig) -> TorchFunctionMode:
    """Same forward pass, other gradients: gradient × input becomes AttnLRP's relevance.

    config: of the causal model, whose attention must be eager. Achtibat et al. 2024 (arXiv 2402.05602),
    section 3.3: a product of two quantities that both depend on the input (queries and keys, attention and
    values, gate and value of an MLP) gives each half of the relevance; σ of a norm is a constant; an
    activation passes relevance unchanged; softmax keeps its own gradient, whose product with the input is the
    paper's Taylor decomposition at that input. Raises MaskwiseError for a kind that they do not cover.
    """
    kind = config.model_type
    if kind not in ATTN_LRP_ARCHITECTURES:
        raise MaskwiseError(
            f"AttnLRP has no rules for {kind} models; it supports {', '.join(ATTN_LRP_ARCHITECTURES)}. "
            "Choose another method, or one of those models."
        )
    capped = any(
        getattr(config, name, None) for name in ("attn_logit_softcapping", "final_logit_softcapping")
    )
    return _Rules(ATTN_LRP | {torch.tanh: _identity_tanh if capped else _constant_tanh})


class _Rules(TorchFunctionMode):
    def __init__(self, rules: dict[Callable, Callable]):
        super().__init__()
        self._rules = rules

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return self._rules.get(func, func)(*args, **(kwargs or {}))


def _constant_softmax(*args, **kwargs):
    return functional.softmax(*args, **kwargs).detach()


def _constant_tanh(x):
    return x.tanh().detach()


def _identity_tanh(x):
    return _passed_on(x, x.tanh(), 1.0)


def _layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = tuple(range(-len(normalized_shape), 0))
    centred = x - x.mean(axes, keepdim=True)
    y = centred / (x.var(axes, unbiased=False, keepdim=True) + eps).sqrt().detach()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _gelu(x, approximate="none"):
    return _passed_on(x, functional.gelu(x, approximate=approximate), 0.5)


def _silu(x, inplace=False):
    return _passed_on(x, functional.silu(x), 0.5)


def _passed_on(x, y, slope):
    """y, as x times a constant: relevance passes unchanged. slope: y / x where x is 0."""
    return torch.mul(x, torch.where(x == 0, slope, y / x).detach())


def _constant_rsqrt(x):
    return x.rsqrt().detach()


def _halves(product: Callable) -> Callable:
    """The product; where both factors depend on the input, each has half of the gradient."""

    def shared(a, b, **kwargs):
        if not (torch.is_tensor(a) and torch.is_tensor(b) and a.requires_grad and b.requires_grad):
            return product(a, b, **kwargs)
        return _half(product(a, b, **kwargs))

    return shared


def _half(y):
    """y with half of its gradient."""
    return (y + y.detach()) / 2


# GELU's tanh form, x · ½(1 + tanh(…)), is written out in transformers: a constant tanh is its identity rule.
LRP_XAI: dict[Callable, Callable] = {
    functional.softmax: _constant_softmax,
    functional.layer_norm: _layer_norm,
    functional.gelu: _gelu,
    torch.tanh: _constant_tanh,
}
PRODUCTS = (torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.matmul, torch.Tensor.matmul)
ATTN_LRP: dict[Callable, Callable] = {
    **{product: _halves(product) for product in (*PRODUCTS, torch.Tensor.__matmul__)},
    functional.layer_norm: _layer_norm,
    functional.gelu: _gelu,
    functional.silu: _silu,
    torch.rsqrt: _constant_rsqrt,
}
# Encoders whose blocks consist of what the rules cover. Gated layers (ModernBERT) multiply two branches.
LRP_ARCHITECTURES = ("albert", "bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta")
# Decoders of which `tests/explainers/test_attn_lrp.py` has shown that no relevance is lost but in softmax.
ATTN_LRP_ARCHITECTURES = (
    "gemma2", "gemma3_text", "gpt2", "gpt_neox", "llama", "mistral", "opt", "phi3", "qwen2", "qwen3",
)  # fmt: skip
