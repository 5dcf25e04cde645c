"""A very good set after few masks, then as much of a proof as the number of evaluations allows."""

import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from explainers.best_swap import exchange_certificate, exchanges
from explainers.core import base
from explainers.core.base import Explainer, bounds, option, register
from explainers.core.coarse_to_fine import finer, sentences
from explainers.core.deferred_torch import torch
from explainers.core.search import BEST_FOUND, Pace, Tally, exact_below, joint_explanation
from explainers.core.set_surrogate import SetSurrogate
from explainers.core.target import Target
from explainers.core.types import Explanation, Mask, Phase, SearchStep, Unproved, mask_without
from explainers.exhaustive import all_masks, optimal_certificate
from explainers.xprompt import random_swaps

BATCH = 8  # masks between two fits of the surrogate
LEAST_TRIED = 45  # masks that may be tried after the single removals, before the set is shown
PAIRS_EACH = 16  # of more spans, one mask for so many pairs of them
PATIENCE = 0.5  # of these masks without a better set, after which a search ends
MOST_ALONE = 70  # spans that are all removed one by one
NARROWED = 36  # of a longer prompt, how many in its strongest parts are


@register
class BestWithinBudget(Explainer):
    """min over masks with k zeros of log p(y | m⊙x), in two phases.

    Find: each span alone; then the sets that a surrogate fitted to all masks so far (a Gaussian process with
    effects of one, two and three spans) holds most promising, until it holds none or many bring nothing.
    Of a prompt of more than 70 spans, sentences are removed first, then phrases of the strongest
    sentences, then the spans of the strongest phrases. The set found is shown.

    Prove: all other sets where the budget covers them, which makes the set optimal; else all exchanges of one
    removed with one kept span, which makes it locally optimal. A better set takes its place, and the proof
    begins anew from there. What is known of a proof from an earlier run is gone through before the set is
    shown. A budget too small for single removals goes to XPrompt's random swaps.
    """

    title = "Best within a budget"
    reference = (
        "Search by a Gaussian-process surrogate, then proof; objective of XPrompt (JoPA, arXiv 2405.20404)"
    )
    score_meaning = "For a removed span, how far log p rises, in nats, when it alone is put back; else 0."

    @dataclass(frozen=True)
    class Options(base.Options):
        budget: int = option(250, "Budget", "Masks that may be tried.", minimum=10, maximum=100_000)

    def passes(self, spans):
        k, budget = self.options.k, self.options.budget
        if (sets := math.comb(spans, k)) <= budget:
            return spans + sets + 1
        return min(budget, until_shown(spans, k) + k * (spans - k)) + k + 2

    def passes_until_shown(self, spans):
        return min(self.options.budget, until_shown(spans, self.options.k)) + self.options.k + 2

    def stream(self, target: Target) -> Iterator[SearchStep | Explanation]:
        tally, search = Tally(target), BudgetSearch(target, self.options.k, self.options.budget)
        if not search.is_affordable():
            o = self.options
            for step in random_swaps(target, o.k, o.budget, o.seed):
                yield step
            yield joint_explanation(self, target, step.mask, tally, BEST_FOUND)
            return
        yield from search.find()
        shown = False
        for masks in search.proof():
            if not (shown or all(map(target.knows, masks))):
                found, shown = self._found(search, tally, final=False), True
                with tally.paused():
                    yield found
            yield from search.check(masks)
        yield self._found(search, tally)

    def _found(self, search: "BudgetSearch", tally: Tally, final: bool = True) -> Explanation:
        found = joint_explanation(self, search.target, search.mask, tally, search.certificate(), final)
        return replace(found, unproved=search.unproved())


def most_tried(alone: int) -> int:
    """Masks that may be tried after this many spans were removed one by one, before the set is shown."""
    return max(LEAST_TRIED, math.comb(alone, 2) // PAIRS_EACH)


def until_shown(spans: int, k: int) -> int:
    """About how many masks are tried before the set is shown: most searches find it in their first batch."""
    alone, parts = (spans, 0) if spans <= MOST_ALONE else (NARROWED, NARROWED)
    sets = min(BATCH + in_batches(PATIENCE * most_tried(alone)), math.comb(spans, k)) if k > 1 else 0
    return parts + alone + sets


def in_batches(masks: float) -> int:
    """The masks of as many whole batches as hold so many."""
    return BATCH * math.ceil(masks / BATCH)


class BudgetSearch:
    """Where a search stands: its best mask, log p of that in nats, and log p of all masks tried."""

    def __init__(self, target: Target, k: int, budget: int):
        self.target, self.k, self.budget, self.spans = target, k, budget, len(target.spans)
        self.mask, self.unmasked = target.full_mask(), target.log_prob_of(target.full_mask())
        self.value = self.unmasked
        self.alone = self.spans  # how many are removed one by one
        self.tried: dict[Mask, float] = {}
        self.surrogate: SetSurrogate | None = None  # fitted once single spans are tried
        self._pace, self._steps = Pace(), 0
        self._total = min(budget, until_shown(self.spans, k))

    def is_affordable(self) -> bool:
        """Whether the budget goes beyond the removal of single spans."""
        return self.budget >= (self.spans + BATCH if self.spans <= MOST_ALONE else 2 * MOST_ALONE)

    # Find

    def find(self) -> Iterator[SearchStep]:
        """Remove parts of a long prompt, single spans, then sets of k. The best mask has k zeros then."""
        alone = yield from self._narrow()
        self.alone = len(alone)
        if self.k == 1:
            self.value = math.inf  # one span is removed even where each makes the answer likelier
        yield from self._look([mask_without(self.spans, [t]) for t in alone])
        changes = {t: self.tried[mask_without(self.spans, [t])] - self.unmasked for t in alone}
        self.surrogate = SetSurrogate(self.spans, changes)
        if self.k > 1:
            self.mask, self.value = self.target.full_mask(), math.inf  # from here on, sets of k alone
            yield from self._explore(min(most_tried(self.alone), max(BATCH, self._left())))

    def _narrow(self) -> Generator[SearchStep, None, list[int]]:
        """Returns the spans to remove one by one: all, or those in the parts of a long prompt that matter."""
        if self.spans <= MOST_ALONE:
            return list(range(self.spans))
        parts, most = sentences(self.target.spans), max(NARROWED, 2 * self.k)
        while any(len(part) > 1 for part in parts):
            yield from self._look([mask_without(self.spans, part) for part in parts], eligible=False)
            log_probs = [self.tried[mask_without(self.spans, part)] for part in parts]
            parts = finer(parts, log_probs, most, self.k)
        return sorted(t for part in parts for t in part)

    def _explore(self, most: int) -> Iterator[SearchStep]:
        """Try at most this many of the sets that the surrogate holds most promising."""
        assert self.surrogate
        sets, idle = self.surrogate.strongest_sets(self.k), 0
        patience = PATIENCE * most_tried(self.alone)
        while most > 0 and idle < patience:
            self._total = self._steps + min(most, in_batches(patience - idle) + (0 if idle else BATCH))
            near = exchanges(self.mask) if self.mask.count(0) == self.k else []
            new = [mask for mask in dict.fromkeys([*sets, *near]) if mask not in self.tried]
            masks, bounds = self.surrogate.promising(new) if new else ([], [])
            hopeful = [
                m for m, bound in zip(masks, bounds, strict=True) if self.unmasked + bound < self.value
            ]
            if not hopeful:
                return
            before, batch = self.value, hopeful[: min(BATCH, most)]
            yield from self._look(batch)
            most, idle = most - len(batch), 0 if self.value < before else idle + len(batch)

    # Prove

    def proof(self) -> Iterator[list[Mask]]:
        """What the proof asks for, in parts to `check` each, the most promising first, until it is whole or
        the budget is spent."""
        assert self.surrogate  # fitted by `find`
        while (rest := self._untried()) and (most := self._affordable(rest)) > 0:
            before, (masks, _) = self.mask, self.surrogate.promising(rest)
            self._total = self._steps + most
            for part in self._known_or_new(masks[:most]):
                yield part
                if self.mask != before and not self._covers_all():
                    break  # the exchanges are others now

    def _known_or_new(self, masks: list[Mask]) -> Iterator[list[Mask]]:
        """In parts; what a part begins with that is known is one of its own."""
        for part in self._pace.parts(masks):
            known = list(takewhile(self.target.knows, part))
            yield from filter(None, [known, part[len(known) :]])

    def check(self, masks: list[Mask]) -> Iterator[SearchStep]:
        """Try a part of the proof."""
        wanted = self._wanted()
        done = wanted - len(self._untried())
        for step in self._try(masks):
            done += 1
            yield replace(step, phase=Phase.PROVE, checked=(done, wanted))

    def certificate(self) -> str:
        """What is known of the best mask among all of its size, in a sentence."""
        if unproved := self.unproved():
            return self._partial_certificate(unproved)
        return (optimal_certificate if self._covers_all() else exchange_certificate)(self.spans, self.k)

    def unproved(self) -> Unproved | None:
        """What the proof still asks for, and how to go on; None where it is whole."""
        if not (rest := self._untried()):
            return None
        if self._affordable(rest) > 0:
            return Unproved(len(rest), self._wanted(), {})
        _, most = bounds(BestWithinBudget.own_options()["budget"])
        budget = int(min(len(self.tried) + len(rest), most or math.inf))
        return Unproved(len(rest), self._wanted(), {"budget": budget} if budget > self.budget else None)

    def _partial_certificate(self, unproved: Unproved) -> str:
        left, wanted = unproved.left, unproved.wanted
        what = "sets of this size" if self._covers_all() else "exchanges of one span"
        said = (
            f"Best found, not proved: {wanted - left:,} of {wanted:,} {what} were tried, {left:,} were not."
        )
        if self.alone < self.spans:
            said += (
                f" Of {self.spans:,} spans, only {self.alone} in the strongest parts were removed one by one."
            )
        if unproved.options:
            said += f" A budget of {unproved.options['budget']:,} masks goes on from there."
        return said

    def _covers_all(self) -> bool:
        """Whether the budget covers all sets of k spans."""
        return math.comb(self.spans, self.k) <= self.budget

    def _wanted(self) -> int:
        return math.comb(self.spans, self.k) if self._covers_all() else self.k * (self.spans - self.k)

    def _untried(self) -> list[Mask]:
        masks = all_masks(self.spans, self.k) if self._covers_all() else exchanges(self.mask)
        return [mask for mask in masks if mask not in self.tried]

    # Both

    def _left(self) -> int:
        return self.budget - len(self.tried)

    def _affordable(self, rest: list[Mask]) -> int:
        """How many of the masks that the proof still asks for may be tried."""
        return len(rest) if self._covers_all() else min(len(rest), self._left())

    def _look(self, masks: list[Mask], eligible: bool = True) -> Iterator[SearchStep]:
        """A step for each mask that was not tried before. eligible: one of them may become the best."""
        for part in self._pace.parts([mask for mask in masks if mask not in self.tried]):
            yield from self._try(part, eligible)

    def _try(self, masks: list[Mask], eligible: bool = True) -> Iterator[SearchStep]:
        """Evaluate all the masks, then a step for each."""
        values = self._values(masks)
        self.tried.update(zip(masks, values, strict=True))
        if self.surrogate:
            self.surrogate.observe(masks, [value - self.unmasked for value in values])
        for mask, value in zip(masks, values, strict=True):
            if eligible:
                value = exact_below(self.target, mask, value, self.value)
            better = eligible and value < self.value - self.target.min_gain
            if better:
                self.mask, self.value = mask, value
            yield self._step(mask, value, better)

    def _values(self, masks: list[Mask]) -> list[float]:
        """log p of each, exact where it may be the best, and of single spans, which choose the sets."""
        rows = torch.tensor(masks)
        values = self.target.lowest(rows, self.value) if self.surrogate else self.target.log_prob(rows)
        return values.tolist()

    def _step(self, proposed: Mask, value: float, accepted: bool) -> SearchStep:
        self._steps += 1
        total = max(self._total, self._steps)
        return SearchStep(self._steps, total, self.mask, self.value, value, accepted, proposed, Phase.FIND)
