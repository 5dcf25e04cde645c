"""Targets whose log p is a formula, so that searches can be held against brute force."""

from __future__ import annotations

from collections.abc import Callable

import torch

from explainers.core.types import TokenSpan
from explainers.targets.base import ScoredTarget
from explainers.targets.batching import Passes
from explainers.targets.remembered import Remembered


class FormulaScorer:
    """A scorer of `value`, (B, T) → (B,), in batches that are counted."""

    def __init__(self, value: Callable, passes: Passes, batch: int):
        self._value, self._passes, self.batch = value, passes, batch

    def log_prob(self, masks):
        parts = masks.split(self.batch)
        for part in parts:
            self._passes.announce(len(part))
        return torch.cat([self._value(part) for part in parts])


class SyntheticTarget(ScoredTarget):
    """log p by `value`, (B, T) → (B,); with `error`, of the same shape, screened by value + error.

    Estimates count no pass, so that forward_passes are those of exact values.
    """

    def __init__(
        self, spans: int, value: Callable, error: Callable | None = None, gradient=None, batch: int = 8
    ):
        names = tuple(TokenSpan(f"w{t}", (2 * t, 2 * t + 1), (t,)) for t in range(spans))
        passes, estimated = Passes(), None
        if error:
            rough = FormulaScorer(lambda masks: value(masks) + error(masks), Passes(), batch)
            estimated = Remembered(rough.log_prob)
        super().__init__(names, passes, Remembered(FormulaScorer(value, passes, batch).log_prob), estimated)
        self._gradient = gradient

    def mask_gradient(self):
        return self._gradient


def random_problem(seed: int, spans: int) -> Callable:
    """A random log p, (B, T) → (B,) fp64: main effects, pairs that matter jointly, and an uneven rest."""
    generator = torch.Generator().manual_seed(seed)

    def numbers(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    main, pairs, waves = numbers(spans), numbers(spans, spans), numbers(spans, 3)
    strength = 3 * torch.rand((), generator=generator)

    def value(masks):
        removed = 1 - masks.double()  # (B, T)
        joint = torch.einsum("bs,st,bt->b", removed, pairs, removed)
        return -5 - removed @ main - strength * joint + torch.sin(removed @ waves).sum(-1)

    return value


def hashed(masks: torch.Tensor) -> torch.Tensor:
    """A fixed number in [-1, 1) for each mask, (B, T) → (B,), that looks random."""
    weights = torch.arange(1, masks.shape[1] + 1, dtype=torch.float64).sqrt() * 1e3
    return 2 * torch.frac((masks.double() @ weights).sin().abs() * 1e4) - 1
