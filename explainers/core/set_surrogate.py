"""A surrogate of log p over sets of removed spans: which set is worth a pass through the model next."""

from __future__ import annotations

import math
from itertools import combinations

from explainers.core.deferred_torch import torch
from explainers.core.types import Mask, mask_without

PAIRS, TRIPLES = 1.0, 0.5  # how strongly two and three spans act together, against what each does alone
LEAST_STRENGTH = 0.05  # of a span that does nothing alone, as a share of the strongest
NOISE = 1e-3  # nats: what two sums of one mask may differ by
DEVIATIONS = 2.0  # how optimistic `promising` is
MOST_SETS = 1500  # that are looked at among the strongest spans


class SetSurrogate:
    """A Gaussian process over removed sets S, fitted to the change of log p of those evaluated so far.

    f(S) = Σ_i a_i + Σ_i<j b_ij + Σ_i<j<l c_ijl over the members of S. The coefficients are independent
    normal variables of mean 0, whose standard deviations are s_i, √(s_i s_j) and ∛(s_i s_j s_l) / 2, where
    s_i is what removing span i alone changes: strong spans may act together strongly. The covariance of two
    sets then follows from sums of powers of s over their common members.

    spans: T, how many there are. singles: change of log p, in nats, when a span alone is removed; those of
    which nothing is known are taken for the weakest.
    """

    def __init__(self, spans: int, singles: dict[int, float]):
        changes = torch.zeros(spans, dtype=torch.float64)
        changes[list(singles)] = torch.tensor(list(singles.values()), dtype=torch.float64)
        strongest = changes.abs().max().clamp(min=NOISE)
        self._strength = changes.abs() + LEAST_STRENGTH * strongest  # (T,)
        self._order = sorted(singles, key=singles.__getitem__)
        self._sets = torch.eye(spans, dtype=torch.float64)[list(singles)]  # (N, T), 1 for a removed span
        self._changes = changes[list(singles)]  # (N,)

    def observe(self, masks: list[Mask], changes: list[float]) -> None:
        """Take in what masks have changed log p by, in nats."""
        self._sets = torch.cat([self._sets, _removed(masks)])
        self._changes = torch.cat([self._changes, torch.tensor(changes, dtype=torch.float64)])

    def predict(self, masks: list[Mask]) -> tuple[torch.Tensor, torch.Tensor]:
        """Expected change of log p of each mask and its standard deviation, (C,) and (C,), nats."""
        candidates = _removed(masks)
        known = self._covariance(self._sets, self._sets)
        factor = torch.linalg.cholesky(known + NOISE * torch.eye(len(known), dtype=torch.float64))
        shared = self._covariance(self._sets, candidates)  # (N, C)
        spread = torch.linalg.solve_triangular(factor, shared, upper=False)
        explained = torch.linalg.solve_triangular(factor, self._changes[:, None], upper=False)
        variance = self._variance(candidates) - spread.square().sum(0)
        return (spread.T @ explained)[:, 0], variance.clamp(min=0).sqrt()

    def promising(self, masks: list[Mask]) -> tuple[list[Mask], list[float]]:
        """The masks, those first whose change may turn out lowest, with that lower bound in nats."""
        mean, deviation = self.predict(masks)
        bounds = mean - DEVIATIONS * deviation
        order = bounds.argsort(stable=True).tolist()
        return [masks[n] for n in order], bounds[order].tolist()

    def strongest_sets(self, k: int) -> list[Mask]:
        """Masks without k of the spans that do most alone; of as many spans as give MOST_SETS at most."""
        spans, size = len(self._strength), len(self._order)
        while size > k and math.comb(size, k) > MOST_SETS:
            size -= 1
        sets = combinations(sorted(self._order[:size]), k)
        return [mask_without(spans, removed) for removed in sets]

    def _covariance(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Of f at two lists of sets, (N, T) and (C, T) → (N, C)."""
        return _together(lambda powers: left @ (powers[:, None] * right.T), self._strength.double())

    def _variance(self, sets: torch.Tensor) -> torch.Tensor:
        """Of f at each set before anything was evaluated, (C, T) → (C,)."""
        return _together(lambda powers: sets @ powers, self._strength.double())


def _together(total, strength: torch.Tensor) -> torch.Tensor:
    """Σ over one, two and three common members of the variances of their coefficients.

    total: sums values of the spans, (T,), over the common members. Sums over pairs and triples follow from
    sums of powers (Newton's identities).
    """
    thirds = strength ** (2 / 3)
    one, two = total(strength), total(strength**2)
    first, second, third = total(thirds), total(thirds**2), total(thirds**3)
    pairs = (one**2 - two) / 2
    triples = (first**3 - 3 * first * second + 2 * third) / 6
    return two + PAIRS**2 * pairs + TRIPLES**2 * triples


def _removed(masks: list[Mask]) -> torch.Tensor:
    return 1 - torch.tensor(masks, dtype=torch.float64)
