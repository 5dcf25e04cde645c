"""How much the last layer's attention at the mask looks at each token."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.models.attentions import attentions_of, queries_option, read_rows, stack
from explainers.targets.label import LabelTarget


@register
class AttentionLast(Explainer[LabelTarget]):
    """R_j = (1/H) Σ_h A[h, m, j] in the last layer, m the mask. A span's score sums its positions."""

    title = "Attention, last layer"
    reference = "Hollenstein and Beinborn 2021 (A-Last)"
    tasks = frozenset({Task.CLASSIFICATION})
    score_meaning = "The share of the mask's attention in the last layer. The same for every class."

    @dataclass(frozen=True)
    class Options(base.Options):
        queries: str = queries_option()

    def passes(self, spans):
        return 1

    def attribute(self, target: LabelTarget) -> torch.Tensor:
        with torch.no_grad():
            attentions = attentions_of(target.forward(eager=True, output_attentions=True), target.model)
        attended = self.attended(stack(attentions))
        return target.pool(read_rows(attended, target.mask_position, self.options.queries))

    def attended(self, attentions: torch.Tensor) -> torch.Tensor:
        """How much each position, in rows, looks at each, (layers, H, L, L) → (L, L)."""
        return attentions[-1].mean(0)
