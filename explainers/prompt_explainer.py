"""PromptExplainer: what the MLM head reads at every token, seen through the verbalizer."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.targets.label import LabelTarget


@register
class PromptExplainer(Explainer[LabelTarget]):
    """E_i,c = softmax over classes of the verbalizer's scores of the MLM head at position i (equations 1–4).

    The column of the explained class is the score. It is a share, not an amount, so a span of several
    tokens gets the mean of its positions, and long words are not favoured.
    """

    title = "PromptExplainer"
    reference = "PromptExplainer (Feng et al., Findings of EACL 2024), equations 1–4"
    tasks = frozenset({Task.CLASSIFICATION})
    score_meaning = "The class's share, among all classes, of what the MLM head reads at this span."

    @dataclass(frozen=True)
    class Options(base.Options):
        centre: str = option(
            "zero",
            "Scores from",
            "zero: the share itself, 0 to 1 (the paper). chance: less 1/C, so that tokens that speak for "
            "other classes are negative.",
            choices=("zero", "chance"),
        )

    def passes(self, spans):
        return 1

    def attribute(self, target: LabelTarget) -> torch.Tensor:
        with torch.no_grad():
            shares = class_shares(target)[:, target.label_index]  # (L,)
        if self.options.centre == "chance":
            shares = shares - 1 / len(target.labels)
        return target.pool(shares) / torch.tensor([len(span.positions) for span in target.spans])

    def neutral(self, target: LabelTarget) -> float:
        return 1 / len(target.labels) if self.options.centre == "zero" else 0.0


def class_shares(target: LabelTarget) -> torch.Tensor:
    """Every class's share at every position of the unmasked prompt, (L, C) on the CPU; rows sum to 1."""
    return target.class_log_probs_from_logits(target.forward().logits[0]).exp().cpu()
