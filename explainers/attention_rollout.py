"""Attention rollout: attention followed back through all layers, residual connections included."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.models.attentions import attentions_of, queries_option, read_rows, stack
from explainers.targets.label import LabelTarget


@register
class AttentionRollout(Explainer[LabelTarget]):
    """R = Â_L ··· Â_1 with Â = rownorm(mean over heads of A + I), read at the mask's row.

    A span's score sums its positions.
    """

    title = "Attention rollout"
    reference = "Abnar and Zuidema 2020, arXiv 2005.00928"
    tasks = frozenset({Task.CLASSIFICATION})
    score_meaning = "The share of the mask's attention, traced back to the input. The same for every class."

    @dataclass(frozen=True)
    class Options(base.Options):
        queries: str = queries_option()

    def passes(self, spans):
        return 1

    def attribute(self, target: LabelTarget) -> torch.Tensor:
        with torch.no_grad():
            attentions = attentions_of(target.forward(eager=True, output_attentions=True), target.model)
        rolled = rollout(stack(attentions))  # (L, L)
        return target.pool(read_rows(rolled, target.mask_position, self.options.queries))


def rollout(attentions: torch.Tensor) -> torch.Tensor:
    """(layers, H, L, L) → (L, L); each row sums to 1."""
    identity = torch.eye(attentions.shape[-1])
    rolled = identity
    for attention in attentions.mean(1):
        mixed = attention + identity
        rolled = (mixed / mixed.sum(-1, keepdim=True)) @ rolled
    return rolled
