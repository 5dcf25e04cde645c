"""Screening: estimates decide what is clear, exact values what is not."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from dataclasses import dataclass, field

from explainers.core.deferred_torch import torch
from explainers.core.target import MIN_GAIN
from explainers.core.types import Mask
from explainers.targets.remembered import Remembered

CALIBRATION = 6  # errors that must be known before a bound is trusted
SIGMAS, WIDEST = 4.0, 1.5  # the bound: in root mean squares of the errors, and in the largest error
LEAST_BOUND = 10  # times the least gain that is no rounding
CHECKED_SHARE, MOST_CHECKED = 0.05, 32


@dataclass
class Screened:
    """What a screen has learnt of masks, in nats: their estimates, and by how much some were off."""

    estimates: dict[Mask, float] = field(default_factory=dict)
    errors: dict[Mask, float] = field(default_factory=dict)


class Screen:
    """Log-probabilities of masks, cheap where that is enough.

    A mask is clear where its estimate, less the bound on errors, is not below the value that decides; every
    other is evaluated exactly. The bound follows from the errors seen so far, and a random twentieth of the
    clear masks is checked against it, because it holds only while errors stay as they were.

    estimated, exact: values of masks, in nats. min_gain: a smaller difference, in nats, may be rounding.
    bound: how far an estimate may be off, in nats; infinite before there is a calibration.
    """

    def __init__(self, estimated: Remembered, exact: Remembered, min_gain: float = MIN_GAIN):
        self._estimated, self._exact, self._min_gain = estimated, exact, min_gain
        self.errors: dict[Mask, float] = {}
        self.bound = math.inf
        self.checked, self.largest_checked, self.exceeded = 0, 0.0, False
        self._random = random.Random(0)
        self._drawn_from: Collection[Mask] = ()  # by an earlier screen

    @property
    def estimates(self) -> dict[Mask, float]:
        return self._estimated.known

    def recall(self, screened: Screened) -> None:
        """Go on from what an earlier screen of the same question has learnt, and add to it."""
        self._estimated.known, self.errors = screened.estimates, screened.errors
        self._drawn_from = frozenset(screened.estimates)
        self._learn([])

    def cleared(self) -> set[Mask]:
        """Masks of which there is an estimate alone."""
        return self.estimates.keys() - self._exact.known.keys()

    def first_below(self, masks: list[Mask], limit: float) -> list[float]:
        """Values of which the first that lies below the limit is exact; later ones may be anything."""
        self._look_at(masks)
        self._check(masks, limit)
        while doubtful := self._first_doubt(masks, limit):
            self._confirm([doubtful])  # which may widen the bound
        return [self._best_known(mask) for mask in masks]

    def lowest(self, masks: list[Mask], limit: float) -> list[float]:
        """Values of which all within `min_gain` of the lowest are exact, where that lies below the limit."""
        self._look_at(masks)
        likely = min(masks, key=self._best_known)
        if self._is_unclear(likely, limit):
            self._confirm([likely])
        if likely in self._exact.known:
            limit = min(limit, self._exact.known[likely] + 2 * self._min_gain)
        self._check(masks, limit)
        while unclear := [mask for mask in dict.fromkeys(masks) if self._is_unclear(mask, limit)]:
            missing = CALIBRATION - len(self.errors)  # while there are too few errors, the lowest come first
            lowest = sorted(unclear, key=self.estimates.__getitem__)
            self._confirm(lowest[:missing] if missing > 0 else unclear)
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
        known = self._exact.known
        return known[mask] if mask in known else self.estimates[mask]

    def _look_at(self, masks: list[Mask]) -> None:
        """Estimate masks of which nothing is known; at first also some exact ones, to learn the errors."""
        known = self._exact.known
        new = [mask for mask in dict.fromkeys(masks) if mask not in known and mask not in self.estimates]
        seen = list(known)[-CALIBRATION:] if new and not self.estimates else []
        if new:
            self._estimated.of(new + seen)
            self._learn(seen)

    def _first_doubt(self, masks: list[Mask], limit: float) -> Mask | None:
        """The first mask that may lie below the limit, unless one before it does."""
        for mask in masks:
            if self._is_unclear(mask, limit):
                return mask
            if self._best_known(mask) < limit:
                return None
        return None

    def _is_unclear(self, mask: Mask, limit: float) -> bool:
        return mask not in self._exact.known and self.estimates[mask] - self.bound < limit

    def _confirm(self, masks: list[Mask]) -> None:
        self._exact.of(masks)
        self._learn(masks)

    def _learn(self, masks: list[Mask]) -> None:
        known = self._exact.known
        self.errors |= {mask: known[mask] - self.estimates[mask] for mask in masks}
        if len(self.errors) >= CALIBRATION:
            errors = torch.tensor(list(self.errors.values()), dtype=torch.float64)
            rms, largest = errors.square().mean().sqrt().item(), errors.abs().max().item()
            self.bound = max(LEAST_BOUND * self._min_gain, SIGMAS * rms, WIDEST * largest)

    def _check(self, masks: list[Mask], limit: float) -> None:
        """Compare a random sample of the clear masks with their exact values."""
        unsure = (mask for mask in dict.fromkeys(masks) if mask not in self._exact.known)
        clear, bound = [mask for mask in unsure if not self._is_unclear(mask, limit)], self.bound
        new = [mask for mask in clear if mask not in self._drawn_from]
        drawn = [mask for mask in new if self._random.random() < CHECKED_SHARE]
        drawn = drawn[: MOST_CHECKED - self.checked]
        self._confirm(drawn)
        self.checked += len(drawn)
        self.largest_checked = max([self.largest_checked, *(abs(self.errors[mask]) for mask in drawn)])
        self.exceeded |= any(abs(self.errors[mask]) > bound for mask in drawn)
