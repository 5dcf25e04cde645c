"""Greedy removal, then the best exchange of one span until none helps, one restart, some exchanges of two."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from itertools import combinations
from typing import TypeVar

from explainers.core.base import Explainer, register
from explainers.core.deferred_torch import torch
from explainers.core.search import Tally, joint_explanation
from explainers.core.target import Target
from explainers.core.types import Explanation, Mask, SearchStep, mask_without, removed_spans

CHUNK = 16  # masks between two updates of the plot
PAIRED = 4  # strongest single spans of which all pairs are tried
PROMISING = 100  # one in this many exchanges of two spans is tried: the most promising

Found = TypeVar("Found")
Steps = Generator[SearchStep, None, Found]  # what is tried on the way to what is returned


@register
class BestSwap(Explainer):
    """min over masks with k zeros of log p(y | m⊙x): steepest descent over exchanges of one span.

    The start removes one span at a time, each time the one whose loss lowers log p most; as the second span
    is chosen, all pairs of the strongest single spans compete as well, because two that stand in for each
    other are weak alone. Each round then evaluates all k(T − k) exchanges of a removed with a kept span and
    takes the best, until none helps. One restart completes the strongest set of k − 1 spans that lies not
    within the set found; then the hundredth of all exchanges of two spans is tried, at most as many as there
    are spans, of which the last round promises most. Where either is better, the rounds go on from there. The
    round that finds nothing is the certificate: a local optimum of its exchange neighbourhood. No randomness.
    """

    title = "Best swap"
    reference = "Steepest descent over single exchanges; objective of XPrompt (arXiv 2405.20404, section 3)"
    score_meaning = "For a removed span, how far log p rises, in nats, when it alone is put back; else 0."

    def passes(self, spans):
        k = self.options.k
        return construction(spans, k) + 2 * k * (spans - k) + spans + doubles(spans, k) + 2

    def stream(self, target: Target) -> Iterator[SearchStep | Explanation]:
        tally = Tally(target)
        mask = target.full_mask()
        for step in descend(target, self.options.k):
            mask = step.mask
            yield step
        certificate = exchange_certificate(len(target.spans), self.options.k)
        yield joint_explanation(self, target, mask, tally, certificate)


def exchange_certificate(spans: int, k: int) -> str:
    return (
        "Locally optimal: no exchange of one span lowers log p further "
        f"({k * (spans - k):,} exchanges checked)."
    )


@dataclass
class _Walk:
    """Where a search stands: its best mask, log p of that in nats, how many steps of how many are done."""

    target: Target
    mask: Mask
    value: float
    total: int
    step: int = 0

    def look(self, masks: list[Mask], bound: float, exactly: bool = False) -> Steps[list[float]]:
        """A step for each mask; returns their log p, as `Target.lowest` gives them below the bound."""
        values: list[float] = []
        for start in range(0, len(masks), CHUNK):
            part = torch.tensor(masks[start : start + CHUNK])
            lowest = min([bound, *values])
            values += (self.target.log_prob(part) if exactly else self.target.lowest(part, lowest)).tolist()
            for value, mask in zip(values[start:], masks[start:], strict=False):
                self.step += 1
                yield SearchStep(self.step, self.total, self.mask, self.value, value, False, mask)
        return values

    def take(self, mask: Mask, value: float) -> Steps[None]:
        self.mask, self.value, self.step = mask, value, self.step + 1
        yield SearchStep(self.step, self.total, mask, value, value, True, mask)


def descend(target: Target, k: int) -> Iterator[SearchStep]:
    """Yield a SearchStep for each mask tried and one, accepted, for each mask taken.

    During construction the masks have fewer than k zeros. The last step's mask is locally optimal.
    """
    spans, full = len(target.spans), target.full_mask()
    total = construction(spans, k) + k * (spans - k)
    walk = _Walk(target, full, target.log_prob_of(full), total)
    almost = yield from _construct(walk, k)
    singly = yield from _exchange(walk)
    if (yield from _restart(walk, almost)):
        singly = yield from _exchange(walk)
    while (yield from _exchange_two(walk, singly)):
        singly = yield from _exchange(walk)


def _construct(walk: _Walk, k: int) -> Steps[list[Mask]]:
    """Remove k spans; returns the masks without k − 1 that were tried."""
    almost: list[Mask] = []
    singles: list[float] = []
    while (removed := walk.mask.count(0)) < k:
        masks = removals(walk.mask) + (strong_pairs(walk.mask, singles) if removed == 1 else [])
        # Without a single span all values are needed exactly: they choose the pairs.
        values = yield from walk.look(masks, math.inf, exactly=removed == 0)
        singles = singles or values
        almost = masks if removed == k - 2 else almost
        best = first_lowest(values, walk.target.min_gain)
        yield from walk.take(masks[best], values[best])
    return almost


def _exchange(walk: _Walk) -> Steps[list[float]]:
    """Take the best exchange of one span until none lowers log p; returns log p of the last round's."""
    while masks := exchanges(walk.mask):
        values = yield from walk.look(masks, walk.value)
        if not (yield from _take_best(walk, masks, values)):
            return values
    return []


def _restart(walk: _Walk, almost: list[Mask]) -> Steps[bool]:
    """Complete the strongest of these masks that removes a kept span; returns whether that is better."""
    kept = {t for t, bit in enumerate(walk.mask) if bit}
    outside = [mask for mask in almost if any(not mask[t] for t in kept)]
    if not outside:
        return False
    values = walk.target.lowest(torch.tensor(outside)).tolist()
    start = outside[first_lowest(values, walk.target.min_gain)]
    return (yield from _try(walk, removals(start)))


def _exchange_two(walk: _Walk, singly: list[float]) -> Steps[bool]:
    """Try the most promising exchanges of two spans; returns whether one is better.

    singly: log p after every exchange of one span, in the order of `exchanges`.
    """
    return (yield from _try(walk, double_exchanges(walk.mask, singly)))


def _try(walk: _Walk, masks: list[Mask]) -> Steps[bool]:
    """Take the best of these masks where it lowers log p; returns whether it does."""
    walk.total += len(masks)
    values = yield from walk.look(masks, walk.value)
    return (yield from _take_best(walk, masks, values))


def _take_best(walk: _Walk, masks: list[Mask], values: list[float]) -> Steps[bool]:
    """Take the best of these where it lowers log p; returns whether it does."""
    least = walk.target.min_gain
    if not masks or values[best := first_lowest(values, least)] >= walk.value - least:
        return False
    walk.total += 1 + len(exchanges(masks[best]))  # this step, and the round that follows
    yield from walk.take(masks[best], values[best])
    return True


def first_lowest(values: list[float], min_gain: float) -> int:
    """The first within `min_gain` of the lowest, so that rounding cannot choose between equals."""
    most = min(values) + min_gain
    return next(n for n, value in enumerate(values) if value <= most)


def construction(spans: int, k: int) -> int:
    """Steps that it takes to remove k spans."""
    pairs = math.comb(min(PAIRED, spans) - 1, 2) if k > 1 else 0
    return sum(spans - n + 1 for n in range(k)) + pairs


def doubles(spans: int, k: int) -> int:
    """How many exchanges of two spans are tried."""
    return min(spans, math.comb(k, 2) * math.comb(spans - k, 2) // PROMISING)


def removals(mask: Mask) -> list[Mask]:
    """The mask with one more span removed, for each kept span."""
    return [_flip(mask, t) for t, kept in enumerate(mask) if kept]


def strong_pairs(mask: Mask, singles: list[float]) -> list[Mask]:
    """Masks without two of the strongest spans that a mask without one keeps. singles: log p without each
    span alone, in nats."""
    kept = [t for t, bit in enumerate(mask) if bit]
    strongest = sorted(kept, key=singles.__getitem__)[: PAIRED - 1]
    return [mask_without(len(mask), pair) for pair in combinations(strongest, 2)]


def exchanges(mask: Mask) -> list[Mask]:
    """The mask with one removed span put back and one kept span removed, in all k(T − k) ways."""
    kept = [t for t, bit in enumerate(mask) if bit]
    return [_flip(mask, out, back) for back in removed_spans(mask) for out in kept]


def double_exchanges(mask: Mask, singly: list[float]) -> list[Mask]:
    """The `doubles` masks with two removed spans put back and two kept ones removed that promise most: those
    for which the four single exchanges they consist of leave log p lowest on average.

    singly: log p after every exchange of one span, in the order of `exchanges`, in nats.
    """
    removed, kept = removed_spans(mask), [t for t, bit in enumerate(mask) if bit]
    wanted, ranked = doubles(len(mask), len(removed)), []
    rows = {back: singly[n * len(kept) :][: len(kept)] for n, back in enumerate(removed)}
    for back in combinations(removed, 2):
        sums = sorted((x + y, out) for x, y, out in zip(*(rows[t] for t in back), kept, strict=True))
        for rank, (x, first) in enumerate(sums, start=1):
            # The pairs behind these have `wanted` before them that promise no less.
            for y, second in sums[rank:][: wanted // rank]:
                ranked.append((x + y, (*back, first, second)))
    return [_flip(mask, *spans) for _, spans in nsmallest(wanted, ranked)]


def _flip(mask: Mask, *spans: int) -> Mask:
    return tuple(1 - kept if t in spans else kept for t, kept in enumerate(mask))
