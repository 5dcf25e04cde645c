"""Gradient × input: the first-order estimate of what removing a span costs."""

from explainers.core.base import Explainer, register


@register
class GradientXInput(Explainer):
    """R_t = Σ over the span's positions and the width of x · ∂ log p / ∂x (Shrikumar et al. 2017)."""

    title = "Gradient × input"
    reference = "Shrikumar et al. 2017, arXiv 1605.01713"
    score_meaning = "A first-order estimate, in nats, of how far log p falls when this span is removed."

    def passes(self, spans):
        return 1

    def attribute(self, target):
        embeds = target.embeds()  # (L, d)
        _, gradient = target.gradient(embeds[None])
        return target.pool((gradient[0] * embeds.float().cpu()).sum(-1))
