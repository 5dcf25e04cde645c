"""Captum's Shapley value sampling, through the library itself."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.targets.response import ResponseTarget


@register
class CaptumShapley(Explainer[ResponseTarget]):
    title = "Captum: Shapley value sampling"
    reference = "Captum 0.9, LLMAttribution(ShapleyValueSampling)"
    tasks = frozenset({Task.GENERATION})
    score_meaning = "This span's mean contribution to log p, in nats, over random orders of adding spans."

    @dataclass(frozen=True)
    class Options(base.Options):
        permutations: int = option(
            5, "Permutations", "Random orders; each costs T passes.", minimum=1, maximum=100
        )

    def passes(self, spans):
        return self.options.permutations * spans + 1

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        from captum.attr import ShapleyValueSampling

        from explainers.targets.captum_bridge import captum_scores

        return captum_scores(
            target, ShapleyValueSampling, self.options.seed, n_samples=self.options.permutations
        )
