"""Greedy removal, then the best exchange of one span until none helps: ends with a proof of that."""

import math
from collections.abc import Iterator
from itertools import combinations

import torch

from explainers.core.base import Explainer, register
from explainers.core.search import MIN_GAIN, Tally, joint_explanation
from explainers.core.types import SearchStep

CHUNK = 16  # masks between two updates of the plot
PAIRED = 5  # strongest single spans of which all pairs are tried

Mask = tuple[int, ...]


@register
class BestSwap(Explainer):
    """min over masks with k zeros of log p(y | m⊙x): steepest descent over exchanges of one span.

    The start removes one span at a time, each time the one whose loss lowers log p most; as the second span
    is chosen, all pairs of the strongest single spans compete as well, because two that stand in for each
    other are weak alone. Each round then evaluates all k(T − k) exchanges of a removed with a kept span and
    takes the best. The round that finds none is the certificate: the set is a local optimum of its exchange
    neighbourhood. No randomness.
    """

    title = "Best swap"
    reference = "Steepest descent over single exchanges; objective of XPrompt (arXiv 2405.20404, section 3)"
    score_meaning = "For a removed span, how far log p rises, in nats, when it alone is put back; else 0."

    def passes(self, spans):
        k = self.options.k
        return construction(spans, k) + 2 * k * (spans - k) + 2

    def stream(self, target):
        tally = Tally(target)
        step = None
        for step in descend(target, self.options.k):
            yield step
        mask = step.mask if step else target.full_mask()
        certificate = exchange_certificate(len(target.spans), self.options.k)
        yield joint_explanation(self, target, mask, tally, certificate)


def exchange_certificate(spans: int, k: int) -> str:
    return (
        "Locally optimal: no exchange of one span lowers log p further "
        f"({k * (spans - k):,} exchanges checked)."
    )


def descend(target, k: int, chunk: int = CHUNK) -> Iterator[SearchStep]:
    """Yield a SearchStep for each mask tried and one, accepted, for each mask taken.

    During construction the masks have fewer than k zeros. The last step's mask is locally optimal.
    """
    spans = len(target.spans)
    mask, step, values = target.full_mask(), 0, []
    total = construction(spans, k) + k * (spans - k)
    value = target.log_prob_of(mask)
    while True:
        removed = mask.count(0)
        neighbours = removals(mask) if removed < k else exchanges(mask)
        if removed == 1 < k:
            neighbours += strong_pairs(mask, values)
        bound, values = math.inf if removed < k else value, []
        for start in range(0, len(neighbours), chunk):
            masks = torch.tensor(neighbours[start : start + chunk])
            lowest = min([bound, *values])
            # All single removals are needed exactly: they choose the pairs.
            found = target.lowest(masks, lowest) if removed else target.log_prob(masks)
            values += found.tolist()
            for tried, proposed in zip(values[start:], neighbours[start:], strict=False):
                step += 1
                yield SearchStep(step, total, mask, value, tried, False, proposed)
        best = first_lowest(values)
        if removed == k and (best is None or values[best] >= value - MIN_GAIN):
            return
        mask, value, step = neighbours[best], values[best], step + 1
        yield SearchStep(step, total, mask, value, value, True, mask)
        total += 0 if removed < k else 1 + k * (spans - k)  # the round that follows


def first_lowest(values: list[float]) -> int | None:
    """The first within MIN_GAIN of the lowest, so that rounding cannot choose between equals."""
    return next((n for n, value in enumerate(values) if value <= min(values) + MIN_GAIN), None)


def construction(spans: int, k: int) -> int:
    """Steps that it takes to remove k spans."""
    pairs = math.comb(min(PAIRED, spans) - 1, 2) if k > 1 else 0
    return sum(spans - n + 1 for n in range(k)) + pairs


def removals(mask: Mask) -> list[Mask]:
    """The mask with one more span removed, for each kept span."""
    return [_flip(mask, t) for t, kept in enumerate(mask) if kept]


def strong_pairs(mask: Mask, singles: list[float]) -> list[Mask]:
    """Masks without two of the strongest spans that a mask without one keeps. singles: log p without each
    span alone, in nats."""
    kept = [t for t, bit in enumerate(mask) if bit]
    strongest = sorted(kept, key=singles.__getitem__)[: PAIRED - 1]
    return [tuple(int(t not in pair) for t in range(len(mask))) for pair in combinations(strongest, 2)]


def exchanges(mask: Mask) -> list[Mask]:
    """The mask with one removed span put back and one kept span removed, in all k(T − k) ways."""
    removed = [t for t, kept in enumerate(mask) if not kept]
    kept = [t for t, kept in enumerate(mask) if kept]
    return [_flip(mask, out, back) for back in removed for out in kept]


def _flip(mask: Mask, *spans: int) -> Mask:
    return tuple(1 - kept if t in spans else kept for t, kept in enumerate(mask))
