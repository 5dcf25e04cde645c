"""Leave one span out at a time and see how far log p falls: T + 1 evaluations."""

from __future__ import annotations

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.target import Target


@register
class FeatureAblation(Explainer):
    title = "Feature ablation"
    reference = "Zeiler and Fergus 2014, arXiv 1311.2901"
    score_meaning = "How far log p falls, in nats, when this span alone is removed."

    def passes(self, spans):
        return spans + 1

    def attribute(self, target: Target) -> torch.Tensor:
        count = len(target.spans)
        masks = torch.cat([torch.ones(1, count), 1 - torch.eye(count)])  # (1 + T, T)
        full, *without = target.log_prob(masks)
        return full - torch.stack(without)
