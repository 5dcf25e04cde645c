"""Remove k spans at random: the floor that every other method has to beat."""

from __future__ import annotations

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.target import Target


@register
class RandomRemoval(Explainer):
    title = "Random removal"
    reference = "XPrompt (arXiv 2405.20404), baseline"
    score_meaning = "A random number, drawn to choose the removed spans. It says nothing about the text."

    def passes(self, spans):
        return 0

    def attribute(self, target: Target) -> torch.Tensor:
        generator = torch.Generator().manual_seed(self.options.seed)
        return torch.rand(len(target.spans), generator=generator)
