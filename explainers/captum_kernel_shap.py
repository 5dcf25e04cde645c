"""Captum's KernelSHAP, through the library itself."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.targets.response import ResponseTarget


@register
class CaptumKernelShap(Explainer[ResponseTarget]):
    title = "Captum: KernelSHAP"
    reference = "Captum 0.9, LLMAttribution(KernelShap)"
    tasks = frozenset({Task.GENERATION})
    score_meaning = "This span's coefficient, in nats, in a weighted linear fit of log p to random masks."

    @dataclass(frozen=True)
    class Options(base.Options):
        samples: int = option(100, "Samples", "Random masks that are evaluated.", minimum=10, maximum=2000)

    def passes(self, spans):
        return self.options.samples + 2

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        from captum.attr import KernelShap

        from explainers.targets.captum_bridge import captum_scores

        return captum_scores(target, KernelShap, self.options.seed, n_samples=self.options.samples)
