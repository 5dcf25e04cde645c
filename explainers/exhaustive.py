"""Every set of k spans: the optimum, proved. Only where there are few enough sets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from time import perf_counter

from explainers.best_swap import CHUNK
from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.search import Tally, exact_below, joint_explanation
from explainers.core.target import Target
from explainers.core.types import Explanation, Mask, SearchStep, mask_without

MOST_SETS = 200_000


@register
class Exhaustive(Explainer):
    """min over all C(T, k) masks with k zeros of log p(y | m⊙x).

    The first sets are timed; where all would take longer than the limit, the run ends there and says so.
    """

    title = "Exhaustive"
    reference = "All C(T, k) sets; objective of XPrompt (JoPA; arXiv 2405.20404, section 3)"
    score_meaning = "For a removed span, how far log p rises, in nats, when it alone is put back; else 0."

    @dataclass(frozen=True)
    class Options(base.Options):
        minutes: int = option(5, "Time limit", "Minutes that all sets may take.", minimum=1, maximum=600)

    def __init__(self, options: base.Options | None = None):
        super().__init__(options)
        self._tally: Tally | None = None

    def passes(self, spans):
        return math.comb(spans, self.options.k) + self.options.k + 1

    def plan(self, target: Target) -> str:
        """The number of sets and the time they will take; raises MaskwiseError where that is too long.

        The sets that are timed count as tried.
        """
        self._tally = self._tally or Tally(target)
        k, minutes = self.options.k, self.options.minutes
        sets = math.comb(len(target.spans), k)
        seconds = math.inf if sets > MOST_SETS else seconds_for_all(target, k)
        time = "far too long" if seconds == math.inf else f"about {seconds:,.0f} seconds"
        if seconds > 60 * minutes:
            raise MaskwiseError(
                f"There are {sets:,} sets of {k} spans, which would take {time}; the limit is {minutes} "
                "minutes. Choose a smaller k, whole sentences, a higher limit, or the method Best swap."
            )
        return f"Trying all {sets:,} sets of {k} spans takes {time}."

    def stream(self, target: Target) -> Iterator[SearchStep | Explanation]:
        k = self.options.k
        self.plan(target)
        assert self._tally  # begun by the plan
        for step in try_all(target, k):
            yield step
        certificate = optimal_certificate(len(target.spans), k)
        yield joint_explanation(self, target, step.mask, self._tally, certificate)


def optimal_certificate(spans: int, k: int) -> str:
    return f"Optimal: all {math.comb(spans, k):,} sets of this size were checked."


def try_all(target: Target, k: int) -> Iterator[SearchStep]:
    """Yield a SearchStep for each set, in lexicographic order; the last one's mask is the optimum."""
    spans = len(target.spans)
    total, step, best, lowest = math.comb(spans, k), 0, target.full_mask(), math.inf
    sets = all_masks(spans, k)
    while masks := list(islice(sets, 4 * CHUNK)):
        for mask, value in zip(masks, target.lowest(torch.tensor(masks), lowest).tolist(), strict=True):
            value = exact_below(target, mask, value, lowest)
            step, better = step + 1, value < lowest - target.min_gain
            if better:
                best, lowest = mask, value
            yield SearchStep(step, total, best, lowest, value, better, mask)


def all_masks(spans: int, k: int) -> Iterator[Mask]:
    """All masks with k zeros."""
    for removed in combinations(range(spans), k):
        yield mask_without(spans, removed)


def seconds_for_all(target: Target, k: int) -> float:
    """Estimated time for all sets of k spans, in seconds: the second handful is timed, the first warms up."""
    first = list(islice(all_masks(len(target.spans), k), 2 * CHUNK))
    target.lowest(torch.tensor(first[:CHUNK]))
    started, timed = perf_counter(), first[CHUNK:]
    if not timed:
        return 0.0
    target.lowest(torch.tensor(timed))
    return (perf_counter() - started) / len(timed) * math.comb(len(target.spans), k)
