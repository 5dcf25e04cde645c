"""Screening: estimates decide what is clear, exact values what is not."""

from __future__ import annotations

import random
from collections.abc import Callable

from explainers.core.deferred_torch import torch
from explainers.core.search import MIN_GAIN
from explainers.core.types import Mask

Evaluate = Callable[[list[Mask]], dict[Mask, float]]

CALIBRATION = 6  # errors that must be known before a bound is trusted
SIGMAS, WIDEST = 4.0, 1.5  # the bound: so many root mean squares of the errors, and of the largest one
LEAST_BOUND = 10 * MIN_GAIN
CHECKED_SHARE, MOST_CHECKED = 0.05, 32


class Screen:
    """Log-probabilities of masks, cheap where that is enough.

    A mask is clear where its estimate, less the bound on errors, is not below the value that decides; every
    other is evaluated exactly. The bound follows from the errors seen so far, and a random twentieth of the
    clear masks is checked against it, because it holds only while errors stay as they were.

    estimate, exact: values of masks, in nats; exact values are remembered by whoever gives them. known:
    exact values that are at hand, a dictionary that may grow.
    """

    def __init__(self, estimate: Evaluate, exact: Evaluate, known: dict[Mask, float]):
        self._estimate, self._exact, self._known = estimate, exact, known
        self.estimates: dict[Mask, float] = {}
        self.errors: dict[Mask, float] = {}
        self.checked, self.largest_checked, self.exceeded = 0, 0.0, False
        self._random = random.Random(0)

    @property
    def bound(self) -> float:
        """How far an estimate may be off, in nats; infinite before there is a calibration."""
        if len(self.errors) < CALIBRATION:
            return float("inf")
        errors = torch.tensor(list(self.errors.values()), dtype=torch.float64)
        rms, largest = errors.square().mean().sqrt().item(), errors.abs().max().item()
        return max(LEAST_BOUND, SIGMAS * rms, WIDEST * largest)

    def first_below(self, masks: list[Mask], limit: float) -> list[float]:
        """Values of which the first that lies below the limit is exact; later ones may be anything."""
        self._look_at(masks)
        self._check(masks, limit)
        while doubtful := self._first_doubt(masks, limit):
            self._confirm([doubtful])  # which may widen the bound
        return [self._best_known(mask) for mask in masks]

    def lowest(self, masks: list[Mask], limit: float) -> list[float]:
        """Values of which all within MIN_GAIN of the lowest are exact, where that lies below the limit."""
        self._look_at(masks)
        likely = min(masks, key=self._best_known)
        if self._is_unclear(likely, limit):
            self._confirm([likely])
        if likely in self._known:
            limit = min(limit, self._known[likely] + 2 * MIN_GAIN)
        self._settle(masks, limit)
        return [self._best_known(mask) for mask in masks]

    def clear_of(self, masks: list[Mask], value: float) -> bool:
        """Whether all of the masks are sure to lie above a value."""
        return min(self._best_known(mask) for mask in masks) - self.bound > value

    def note(self) -> str:
        """What a reader must know, in sentences; empty where nothing was screened."""
        if not self.estimates:
            return ""
        text = (
            f"{len(self.estimates)} masks were screened in bfloat16; {len(self.errors)}, all that might have "
            f"decided among them, were evaluated in fp32. Estimates were trusted to {self.bound:.2f} nats; "
            f"{self.checked} drawn at random were off by at most {self.largest_checked:.2f}."
        )
        if self.exceeded:
            text += " That is more than they were trusted to: repeat this run without screening to be sure."
        return text

    def _best_known(self, mask: Mask) -> float:
        return self._known[mask] if mask in self._known else self.estimates[mask]

    def _look_at(self, masks: list[Mask]) -> None:
        """Estimate masks of which nothing is known; at first also some exact ones, to learn the errors."""
        new = [m for m in dict.fromkeys(masks) if m not in self._known and m not in self.estimates]
        seen = list(self._known)[-CALIBRATION:] if new and not self.estimates else []
        if new:
            self.estimates |= self._estimate(new + seen)
            self._learn(seen)

    def _settle(self, masks: list[Mask], limit: float) -> None:
        """Make exact whatever may lie below the limit, the lowest first while the errors are unknown."""
        self._check(masks, limit)
        while unclear := [mask for mask in dict.fromkeys(masks) if self._is_unclear(mask, limit)]:
            missing = CALIBRATION - len(self.errors)
            self._confirm(sorted(unclear, key=self.estimates.get)[:missing] if missing > 0 else unclear)

    def _first_doubt(self, masks: list[Mask], limit: float) -> Mask | None:
        """The first mask that may lie below the limit, unless one before it does."""
        for mask in masks:
            if self._is_unclear(mask, limit):
                return mask
            if self._best_known(mask) < limit:
                return None
        return None

    def _is_unclear(self, mask: Mask, limit: float) -> bool:
        return mask not in self._known and self.estimates[mask] - self.bound < limit

    def _confirm(self, masks: list[Mask]) -> None:
        self._exact(masks)
        self._learn(masks)

    def _learn(self, masks: list[Mask]) -> None:
        self.errors |= {mask: self._known[mask] - self.estimates[mask] for mask in masks}

    def _check(self, masks: list[Mask], limit: float) -> None:
        """Compare a random sample of the clear masks with their exact values."""
        unsure = (mask for mask in dict.fromkeys(masks) if mask not in self._known)
        clear, bound = [mask for mask in unsure if not self._is_unclear(mask, limit)], self.bound
        drawn = [mask for mask in clear if self._random.random() < CHECKED_SHARE]
        drawn = drawn[: MOST_CHECKED - self.checked]
        self._confirm(drawn)
        self.checked += len(drawn)
        self.largest_checked = max([self.largest_checked, *(abs(self.errors[mask]) for mask in drawn)])
        self.exceeded |= any(abs(self.errors[mask]) > bound for mask in drawn)
