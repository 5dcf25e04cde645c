"""Captum's feature ablation, through the library itself: what the paper compares with."""

from explainers.core.base import Explainer, register
from explainers.core.types import Task


@register
class CaptumFeatureAblation(Explainer):
    title = "Captum: feature ablation"
    reference = "Captum 0.9, LLMAttribution(FeatureAblation)"
    tasks = frozenset({Task.GENERATION})
    score_meaning = "How far log p falls, in nats, when this span alone is removed."

    def passes(self, spans):
        return spans + 1

    def attribute(self, target):
        from captum.attr import FeatureAblation

        from explainers.targets.captum_bridge import captum_scores

        return captum_scores(target, FeatureAblation)
