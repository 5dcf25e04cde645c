"""Attention rollout: attention followed back through all layers, residual connections included."""

from __future__ import annotations

from explainers.attention_last import AttentionLast
from explainers.core.base import register
from explainers.core.deferred_torch import torch


@register
class AttentionRollout(AttentionLast):
    """R = Â_L ··· Â_1 with Â = rownorm(mean over heads of A + I), read at the mask's row.

    A span's score sums its positions.
    """

    title = "Attention rollout"
    reference = "Abnar and Zuidema 2020, arXiv 2005.00928"
    score_meaning = "The share of the mask's attention, traced back to the input. The same for every class."

    def attended(self, attentions):
        return rollout(attentions)


def rollout(attentions: torch.Tensor) -> torch.Tensor:
    """(layers, H, L, L) → (L, L); each row sums to 1."""
    identity = torch.eye(attentions.shape[-1])
    rolled = identity
    for attention in attentions.mean(1):
        mixed = attention + identity
        rolled = (mixed / mixed.sum(-1, keepdim=True)) @ rolled
    return rolled
