"""Captum's feature ablation, through the library itself: what the paper compares with."""

from __future__ import annotations

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.targets.response import ResponseTarget


@register
class CaptumFeatureAblation(Explainer[ResponseTarget]):
    title = "Captum: feature ablation"
    reference = "Captum 0.9, LLMAttribution(FeatureAblation)"
    tasks = frozenset({Task.GENERATION})
    score_meaning = "How far log p falls, in nats, when this span alone is removed."

    def passes(self, spans):
        return spans + 1

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        from captum.attr import FeatureAblation

        from explainers.targets.captum_bridge import captum_scores

        return captum_scores(target, FeatureAblation)
