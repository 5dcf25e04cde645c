"""GAE: attention weighted by its gradient, followed back through all layers."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, quantity_option, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.models.attentions import attentions_of, stack
from explainers.targets.gradients import check_gradients
from explainers.targets.label import LabelTarget


@register
class Gae(Explainer[LabelTarget]):
    """R ← I; per layer R ← R + ĀR with Ā = mean over heads of (∂f_c/∂A ⊙ A)⁺; read at the mask's row.

    Chefer et al. 2021, equations 5 and 6. f_c is the class's score at the mask, or log p of the class where
    that is asked for. A span's score sums its positions.
    """

    title = "Generic attention explainability (GAE)"
    reference = "Chefer et al. 2021, arXiv 2103.15679"
    tasks = frozenset({Task.CLASSIFICATION})
    score_meaning = "How much attention that raises the class's score reaches this span. Never negative."

    @dataclass(frozen=True)
    class Options(base.Options):
        quantity: str = quantity_option("score")

    def passes(self, spans):
        return 1

    def attribute(self, target: LabelTarget) -> torch.Tensor:
        check_gradients(target.model)
        embeds = target.embeds()[None].requires_grad_()  # (1, L, d)
        output = target.forward(embeds, eager=True, output_attentions=True)
        attentions = attentions_of(output, target.model)
        of_class = target.class_score if self.options.quantity == "score" else target.class_log_prob
        gradients = torch.autograd.grad(of_class(output).sum(), attentions)
        relevance = propagate(stack(attentions), stack(gradients))  # (L, L)
        return target.pool(relevance[target.mask_position])


def propagate(attentions: torch.Tensor, gradients: torch.Tensor) -> torch.Tensor:
    """Both (layers, H, L, L) → relevance of each position (column) for each position (row), (L, L)."""
    relevance = torch.eye(attentions.shape[-1])
    for weighted in (attentions * gradients).clamp(min=0).mean(1):
        relevance = relevance + weighted @ relevance
    return relevance
