"""Shapley values by random orders: each span's mean contribution to log p when it is added."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.target import Target


@register
class ShapleySampling(Explainer):
    """R_t = mean over random orders of log p(those before t, and t) − log p(those before t).

    Castro et al. 2009 (the definition Captum's Shapley value sampling follows; with a seed it draws the same
    orders). All prefixes of all orders are evaluated in batches, each distinct one once.
    """

    title = "Shapley value sampling"
    reference = "Castro et al. 2009, doi 10.1016/j.cor.2008.04.004"
    score_meaning = "This span's mean contribution to log p, in nats, over random orders of adding spans."

    @dataclass(frozen=True)
    class Options(base.Options):
        permutations: int = option(
            5, "Permutations", "Random orders; each costs T passes.", minimum=1, maximum=100
        )

    def passes(self, spans):
        return self.options.permutations * spans + 1

    def attribute(self, target: Target) -> torch.Tensor:
        spans, generator = len(target.spans), torch.Generator().manual_seed(self.options.seed)
        drawn = [torch.randperm(spans, generator=generator) for _ in range(self.options.permutations)]
        orders = torch.stack(drawn)  # (P, T)
        ranks = orders.argsort(1)  # (P, T): when a span is added
        counts = torch.arange(spans + 1)
        masks = ranks[:, None] < counts[:, None]  # (P, T + 1, T): the first 0, 1, … T of them
        values = target.log_prob(masks.flatten(0, 1).int()).view(len(orders), spans + 1)
        return values.diff(dim=1).gather(1, ranks).mean(0)
