"""Gradient × input: the first-order estimate of what removing a span costs."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, quantity_option, register
from explainers.core.deferred_torch import torch
from explainers.targets.base import ModelTarget

ROUNDING = 1e-3  # of |x| · |gradient|: below it the product says nothing
SCALE_FREE = (
    "These scores are rounding errors: this model normalises each word embedding before anything else, so "
    "that its length, which gradient × input asks about, changes nothing. Choose another method."
)


@register
class GradientXInput(Explainer[ModelTarget]):
    """R_t = Σ over the span's positions and the width of x · ∂ log p / ∂x (Shrikumar et al. 2017).

    For a class, log p may be exchanged for the class's score, which GAE and LRP-XAI differentiate.
    """

    title = "Gradient × input"
    reference = "Shrikumar et al. 2017, arXiv 1605.01713"
    score_meaning = "A first-order estimate, in nats, of how far log p falls when this span is removed."

    @dataclass(frozen=True)
    class Options(base.Options):
        quantity: str = quantity_option("log_prob")

    def passes(self, spans):
        return 1

    def attribute(self, target: ModelTarget) -> torch.Tensor:
        embeds = target.embeds().float().cpu()  # (L, d)
        _, gradient = target.gradient(target.embeds()[None], self.options.quantity)
        products = (gradient[0] * embeds).sum(-1)  # (L,)
        if (products.abs() <= ROUNDING * gradient[0].norm(dim=-1) * embeds.norm(dim=-1)).all():
            self.notes.append(SCALE_FREE)
        return target.pool(products)
