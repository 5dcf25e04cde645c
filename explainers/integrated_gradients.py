"""Integrated gradients: the gradient averaged along a straight path from a baseline to the text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explainers.core import base
from explainers.core.base import Explainer, option, quantity_option, register
from explainers.core.deferred_torch import torch
from explainers.targets.base import ModelTarget

LARGE_GAP = 0.1
CHUNK = 32  # path points held at once


@register
class IntegratedGradients(Explainer[ModelTarget]):
    """R_t = (x_t − x'_t) · ∫ ∂ log p(x' + a(x − x')) / ∂x_t da (Sundararajan et al. 2017, equation 1).

    Σ_t log p(y_t) is differentiated at once along the path, by Gauss–Legendre quadrature. Scores add up to
    log p(x) − log p(x') when there are enough steps; the gap that is left is reported. For a class, log p may
    be exchanged for the class's score, which GAE and LRP-XAI differentiate.
    """

    title = "Integrated gradients"
    reference = "Sundararajan et al. 2017, arXiv 1703.01365"
    score_meaning = "This span's share, in nats, of the fall of log p from the prompt to the baseline."

    @dataclass(frozen=True)
    class Options(base.Options):
        steps: int = option(
            50, "Path steps", "More steps close the completeness gap.", minimum=2, maximum=500
        )
        baseline: str = option(
            "zero",
            "Baseline",
            "What the path starts from: zero embeddings, or the unknown/padding token.",
            choices=("zero", "replace"),
        )
        quantity: str = quantity_option("log_prob")

    def passes(self, spans):
        return self.options.steps + 2

    def attribute(self, target: ModelTarget) -> torch.Tensor:
        embeds = target.embeds()  # (L, d)
        nothing = torch.zeros(1, len(target.spans), device=embeds.device)
        keep = target.masked.keep(nothing)[0, :, None].to(embeds)
        start = keep * embeds + (1 - keep) * target.masked.replacement(self.options.baseline)
        scores, gap, total = integrate(target, start, embeds, self.options.steps, self.options.quantity)
        self.notes.append(_completeness(gap, total, self.options))
        return target.pool(scores)


def integrate(
    target: ModelTarget, start, end, steps: int, quantity: str = "log_prob"
) -> tuple[torch.Tensor, float, float]:
    """Path integral of the gradient: a score per position (L,), the completeness gap, the quantity's fall."""
    nodes, weights = (torch.tensor(v, dtype=torch.float32) for v in np.polynomial.legendre.leggauss(steps))
    gradient = torch.zeros(end.shape)
    for node, weight in zip(nodes.split(CHUNK), weights.split(CHUNK), strict=True):
        along = ((node + 1) / 2).to(end)[:, None, None]
        _, at = target.gradient(start + along * (end - start), quantity)  # (CHUNK, L, d)
        gradient += torch.einsum("n,nld->ld", weight / 2, at)
    values, _ = target.gradient(torch.stack([start, end]), quantity)
    scores = (gradient * (end - start).float().cpu()).sum(-1)
    total = (values[1] - values[0]).item()
    return scores, scores.sum().item() - total, total


def _completeness(gap: float, total: float, options: IntegratedGradients.Options) -> str:
    name, unit = ("log p", " nats") if options.quantity == "log_prob" else ("the class's score", "")
    text = f"Scores add up to {total + gap:.2f}{unit}; {name} differs by {total:.2f} (gap {gap:+.2f})."
    if abs(gap) > LARGE_GAP * max(abs(total), 1):
        text += f" The gap is large: raise the path steps above {options.steps}, or distrust these scores."
    return text
