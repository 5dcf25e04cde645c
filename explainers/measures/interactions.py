"""Which pairs of units stand in for each other, and which reinforce each other."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import comb

from explainers.core.deferred_torch import torch

MOST_EXACT = 10  # units whose 2^n subsets are all evaluated


def pairwise_interactions(
    value: Callable, n: int, seed: int = 0, samples: int = 64
) -> tuple[torch.Tensor, bool]:
    """The Shapley interaction index of every pair, (n, n) fp64 in value's unit, and whether it is exact.

    value: sets of kept units, (B, n) of 0 and 1, → (B,), in nats for a log p; it is called once, with each
    set once. I_ij is the mean of v(S∪ij) − v(S∪i) − v(S∪j) + v(S) over the sets S of the other units, all
    sizes alike (Grabisch and Roubens 1999, doi 10.1007/s001820050125). Below zero the two are redundant:
    one stands in for the other. Above zero they reinforce each other. The diagonal is 0.

    Exact for n ≤ MOST_EXACT, at 2^n sets. Above, the mean over `samples` random sets S, the same for all
    pairs, so that a sample costs 1 + n + n(n − 1)/2 sets.
    """
    exact = n <= MOST_EXACT
    if n < 2:
        return torch.zeros(n, n, dtype=torch.float64), exact
    contexts = _all_sets(n) if exact else _random_sets(n, samples, seed)
    differences = _second_differences(value, contexts)  # (C, n, n)
    interactions = (differences * _weights(contexts)).sum(0) if exact else differences.mean(0)
    return interactions.fill_diagonal_(0), exact


def _second_differences(value: Callable, contexts: torch.Tensor) -> torch.Tensor:
    """v(S∪ij) − v(S∪i) − v(S∪j) + v(S), S being a context less i and j: (C, n) → (C, n, n).

    These four sets are the context with neither, one or both of i and j flipped. Flipping a unit that is
    absent instead of present turns the sign.
    """
    n = contexts.shape[1]
    unit = torch.eye(n, dtype=torch.long)
    flips = torch.cat([torch.zeros(1, n, dtype=torch.long), unit, (unit[:, None] ^ unit).flatten(0, 1)])
    sets = contexts[:, None] ^ flips  # (C, 1 + n + n², n)
    distinct, place = sets.flatten(0, 1).unique(dim=0, return_inverse=True)
    values = value(distinct).double().cpu()[place].view(len(contexts), -1)
    plain, one, two = values.split((1, n, n * n), dim=1)
    sign = 2 * contexts - 1  # (C, n)
    difference = plain[..., None] + two.view(-1, n, n) - (one[:, :, None] + one[:, None])
    return sign[:, :, None] * sign[:, None] * difference


def _all_sets(n: int) -> torch.Tensor:
    return torch.tensor(list(product((0, 1), repeat=n)))  # (2^n, n)


def _weights(contexts: torch.Tensor) -> torch.Tensor:
    """The weight of each context for each pair where all 2^n are present, (C, n, n).

    A set S of s other units has weight s! (n − s − 2)! / (n − 1)!; four contexts share it.
    """
    n = contexts.shape[1]
    by_size = torch.tensor([1 / (4 * (n - 1) * comb(n - 2, s)) for s in range(n - 1)], dtype=torch.float64)
    others = contexts.sum(1)[:, None, None] - contexts[:, :, None] - contexts[:, None]  # (C, n, n)
    return by_size[others.clamp(0, n - 2)]  # its diagonal, a unit taken away twice, means nothing


def _random_sets(n: int, samples: int, seed: int) -> torch.Tensor:
    """Each unit is kept with a probability drawn evenly from [0, 1], so that all sizes are alike, (C, n)."""
    generator = torch.Generator().manual_seed(seed)
    even = torch.arange(samples) + torch.rand(samples, generator=generator)  # one in each 1/samples
    return (torch.rand(samples, n, generator=generator) < even[:, None] / samples).long()
