"""Copies of a model on other GPUs, among which masks are divided."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Protocol

from explainers.core.deferred_torch import torch
from explainers.core.errors import OutOfMemory
from explainers.models.copies.variants import kept_copy
from explainers.models.loaded import LoadedModel


def copies_elsewhere(loaded: LoadedModel) -> list[LoadedModel]:
    """A copy on each other device of `loaded.others` that has room for one; kept as long as the model is."""
    needed = sum(weight.nbytes for weight in loaded.model.parameters())
    copies = []
    for device in loaded.others:
        if model := kept_copy(loaded.model, CopyOn(device), needed, device):
            copies.append(replace(loaded, model=model, device=device, others=()))
    return copies


@dataclass(frozen=True)
class CopyOn:
    """Makes a model's copy on a device; the weights pass through no second copy on the first one."""

    device: torch.device

    def __call__(self, model):
        moved = {id(weight): self._moved(weight) for weight in (*model.parameters(), *model.buffers())}
        return copy.deepcopy(model, moved)

    def _moved(self, weight: torch.Tensor) -> torch.Tensor:
        there = weight.detach().to(self.device, copy=True)
        if isinstance(weight, torch.nn.Parameter):
            return torch.nn.Parameter(there, weight.requires_grad)
        return there


class Evaluator(Protocol):
    """A scorer on one device."""

    @property
    def device(self) -> torch.device: ...

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor: ...

    @property
    def batch_size(self) -> int: ...


class SpreadScorer:
    """log p of masks on several devices at once: each evaluates a part of what does not fit into one batch.

    others: makes the scorers on other devices, when they are first needed. One whose memory does not hold a
    single mask is given none any more; its part is evaluated by the first. An error is raised as one
    scorer's own.
    """

    def __init__(self, first: Evaluator, others: Callable[[], Iterable[Evaluator]]):
        self._first, self._make_others = first, others
        self._others: list[Evaluator] | None = None

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        """(B, T) → (B,), nats, in the masks' order."""
        if len(masks) <= self._first.batch_size:
            return self._first.log_prob(masks)
        if self._others is None:
            self._others = list(self._make_others())
        scorers = [self._first, *self._others]
        parts = masks.tensor_split(len(scorers))
        with ThreadPoolExecutor(len(scorers)) as pool:
            values = list(pool.map(self._evaluated, scorers, parts))
        missing = zip(parts, values, strict=True)
        return torch.cat([self._first.log_prob(part) if value is None else value for part, value in missing])

    def _evaluated(self, scorer: Evaluator, masks: torch.Tensor) -> torch.Tensor | None:
        """None where another device than the first runs out of memory."""
        try:
            with _current(scorer.device):
                return scorer.log_prob(masks)
        except (OutOfMemory, torch.OutOfMemoryError):
            if scorer is self._first or self._others is None:
                raise
            self._others = [other for other in self._others if other is not scorer]
            return None


def _current(device: torch.device) -> AbstractContextManager:
    """Within, this thread's kernels run on that GPU also where they do not say on which."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
