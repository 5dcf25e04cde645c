"""Captum's Shapley value sampling, through the library itself."""

from __future__ import annotations

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.shapley_sampling import ShapleySampling
from explainers.targets.response import ResponseTarget


@register
class CaptumShapley(Explainer[ResponseTarget]):
    title = "Captum: Shapley value sampling"
    reference = "Captum 0.9, LLMAttribution(ShapleyValueSampling)"
    tasks = frozenset({Task.GENERATION})
    score_meaning = ShapleySampling.score_meaning
    Options = ShapleySampling.Options

    def passes(self, spans):
        return self.options.permutations * spans + 1

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        from captum.attr import ShapleyValueSampling

        from explainers.targets.captum_bridge import captum_scores

        return captum_scores(
            target, ShapleyValueSampling, self.options.seed, n_samples=self.options.permutations
        )
