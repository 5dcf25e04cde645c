"""The strongest search that the number of evaluations allows, and what it proves."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from explainers.best_swap import construction, descend, exchange_certificate
from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.search import BEST_FOUND, Tally, joint_explanation
from explainers.core.target import Target
from explainers.core.types import Explanation, SearchStep
from explainers.exhaustive import optimal_certificate, try_all
from explainers.xprompt import random_swaps


@register
class BestWithinBudget(Explainer):
    """All sets where the budget covers them: optimal. Else the best swaps: locally optimal if they end within
    the budget. Where that does not cover even one round of swaps, XPrompt's random ones: best found."""

    title = "Best within a budget"
    reference = "Exhaustive search, best swap or XPrompt (arXiv 2405.20404), as the size allows"
    score_meaning = "For a removed span, how far log p rises, in nats, when it alone is put back; else 0."

    @dataclass(frozen=True)
    class Options(base.Options):
        budget: int = option(250, "Budget", "Masks that may be tried.", minimum=10, maximum=100_000)

    def passes(self, spans):
        return min(self.options.budget, math.comb(spans, self.options.k)) + self.options.k + 2

    def stream(self, target: Target) -> Iterator[SearchStep | Explanation]:
        tally, taken = Tally(target), 0
        steps, certificate = self._strongest(target)
        exchanged = self.options.k * (len(target.spans) - self.options.k)
        for step in steps:
            if step.step > self.options.budget and not step.accepted:
                # A whole round of swaps without a better set is the proof; what follows it may be left out.
                certificate = certificate if step.step - taken > exchanged else BEST_FOUND
                break
            mask, taken = step.mask, step.step if step.accepted else taken
            yield step
        yield joint_explanation(self, target, mask, tally, certificate)

    def _strongest(self, target: Target) -> tuple[Iterator[SearchStep], str]:
        """The search to run, and what it proves if it comes to its end."""
        k, spans, budget = self.options.k, len(target.spans), self.options.budget
        if math.comb(spans, k) <= budget:
            return try_all(target, k), optimal_certificate(spans, k)
        if construction(spans, k) + k * (spans - k) <= budget:
            return descend(target, k), exchange_certificate(spans, k)
        return random_swaps(target, k, budget, self.options.seed), BEST_FOUND
