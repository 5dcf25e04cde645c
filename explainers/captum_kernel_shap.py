"""Captum's KernelSHAP, through the library itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.types import Task


@register
class CaptumKernelShap(Explainer):
    title = "Captum: KernelSHAP"
    reference = "Captum 0.9, LLMAttribution(KernelShap)"
    tasks = frozenset({Task.GENERATION})
    score_meaning = "This span's coefficient, in nats, in a weighted linear fit of log p to random masks."

    @dataclass(frozen=True)
    class Options(base.Options):
        samples: int = option(100, "Samples", "Random masks that are evaluated.", minimum=10, maximum=2000)

    def passes(self, spans):
        return self.options.samples + 2

    def attribute(self, target):
        from captum.attr import KernelShap

        from explainers.targets.captum_bridge import captum_scores

        torch.manual_seed(self.options.seed)  # Captum draws from these global generators
        np.random.seed(self.options.seed)
        return captum_scores(target, KernelShap, n_samples=self.options.samples)
