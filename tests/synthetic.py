"""Targets whose log p is a formula, so that searches can be held against brute force."""

from __future__ import annotations

from collections.abc import Callable

import torch

from explainers.core.types import TokenSpan
from explainers.targets.base import Target
from explainers.targets.batching import Batches
from explainers.targets.screening import Screen


class SyntheticTarget(Target):
    """log p by `value`, (B, T) → (B,); with `error`, of the same shape, screened by value + error."""

    def __init__(
        self, spans: int, value: Callable, error: Callable | None = None, gradient=None, batch: int = 8
    ):
        self.spans = tuple(TokenSpan(f"w{t}", (2 * t, 2 * t + 1), (t,)) for t in range(spans))
        self.device, self.on_forward = torch.device("cpu"), lambda rows: None
        self.evaluations = self.forward_passes = 0
        self._memo, self._batches = {}, Batches()
        self._value, self._error, self._gradient, self._batch = value, error, gradient, batch
        if error:
            self._screen = Screen(self._rough_values, self._exact_values, self._memo)

    def log_prob_from_embeds(self, embeds):
        raise NotImplementedError

    def mask_gradient(self):
        return self._gradient

    def _evaluate(self, masks):
        return self._value(masks)

    def _batch_size(self):
        return self._batch

    def _rough_values(self, masks):
        rows = torch.tensor(masks, dtype=torch.float32)
        return dict(zip(masks, (self._value(rows) + self._error(rows)).tolist(), strict=True))

    def _exact_values(self, masks):
        self._remember(masks)
        return {mask: self._memo[mask] for mask in masks}


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
