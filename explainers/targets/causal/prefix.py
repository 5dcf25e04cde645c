"""Keys and values that several masked prompts have in common, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explainers.core.deferred_torch import torch
from explainers.core.types import Mask, Prompt
from explainers.targets.causal.cache import Cache, cache_arguments, is_croppable, size_of
from explainers.targets.causal.model import CausalModel
from explainers.targets.masked_prompt import MaskedPrompt

MOST_BYTES = 16e6  # of a cache that is handed on


@dataclass
class HandedOn:
    """From one target of a prompt to the next: the cache of what precedes every span, where it is small."""

    cache: Cache | None = None


class SharedPrefix:
    """The cache of what precedes the first removable span, and that of one reference mask's whole prompt.

    start: the first position that may change. shares: whether sequences may go on from a copy of a cache.
    handed_on: may be that of an earlier target of this prompt.
    """

    def __init__(self, causal: CausalModel, masked: MaskedPrompt, start: int, shares: bool):
        self._causal, self._masked, self.start, self._shares = causal, masked, start, shares
        self.reference: Mask | None = None
        self.handed_on = HandedOn()
        self._fixed: Cache | None = None
        self._whole: Cache | None = None
        last = len(masked.prompt.input_ids) - 1
        self._firsts = torch.tensor([min(span.positions, default=last) for span in masked.prompt.spans])

    def arrange(self, masks: list[Mask], size: int) -> list[Mask]:
        """Order masks so that batches of `size` share more of their prompts, where that pays.

        The keys and values of a reference mask's whole prompt cost one pass over it; a batch then starts at
        the first position at which one of its masks differs from the reference.
        """
        last = len(self._masked.prompt.input_ids) - 1
        rows = torch.tensor(masks)  # (N, T)
        most, ordered = 0, masks
        best: Mask | None = None
        candidates = [mask for mask in {self.reference, majority(rows)} if mask is not None]
        for reference in candidates:
            changes, order = self._changes(rows, reference).sort(descending=True, stable=True)
            saved = saved_positions(changes, size, self.start)
            saved -= 0 if reference == self.reference else last - self.start
            if saved > most:
                most, best, ordered = saved, reference, [masks[n] for n in order.tolist()]
        if best is not None and best != self.reference and self._can_be_cut():
            start, arguments = self.fixed(1)
            mask = torch.tensor([best], dtype=torch.float32, device=self._masked.inputs.device)
            inputs = self._masked.masked(mask)[:, start:last]
            self._whole, self.reference = self._causal.keys_values(inputs, **arguments), best
        return ordered

    def shared(self, masks: torch.Tensor) -> tuple[int, dict]:
        """The position at which masks, (B, T), must begin to be read, and the arguments that stand for all
        before it."""
        if self.reference is not None:
            change = int(self._changes(masks, self.reference).min())
            if change > self.start:
                return change, cache_arguments(self._whole, len(masks), change)
        return self.fixed(len(masks))

    def read(self) -> None:
        """Read what precedes every span, where several sequences can go on from a copy of that."""
        if self._fixed is None and self.start and self._shares:
            with torch.no_grad():
                before = self._masked.inputs[None, : self.start]
                self._fixed = self.handed_on.cache or self._causal.keys_values(before)
            if is_croppable(self._fixed) and size_of(self._fixed) <= MOST_BYTES:
                self.handed_on.cache = self._fixed

    def fixed(self, rows: int) -> tuple[int, dict]:
        """The position after what precedes every span, and the arguments that stand for it.

        0 and no cache where the model cannot go on from a copy of one.
        """
        return (self.start if self._fixed else 0), cache_arguments(self._fixed, rows, self.start)

    def _changes(self, masks: torch.Tensor, reference: Mask) -> torch.Tensor:
        """The earliest position at which each mask differs from the reference, (B, T) → (B,).

        At most L − 1: the last position is read anew even if all are the same.
        """
        last = len(self._masked.prompt.input_ids) - 1
        differs = masks.cpu() != torch.tensor(reference)
        return torch.where(differs, self._firsts, last).amin(1).clamp(max=last)

    def _can_be_cut(self) -> bool:
        return self._fixed is not None and is_croppable(self._fixed)


def first_removable(prompt: Prompt) -> int:
    """The first position that a mask can change."""
    return min((min(span.positions) for span in prompt.spans), default=0)


def majority(masks: torch.Tensor) -> Mask:
    """The mask that keeps what most keep: for all exchanges of one span, the mask they start from."""
    return tuple((2 * masks.long().sum(0) >= len(masks)).long().tolist())


def saved_positions(changes: torch.Tensor | Sequence[int], size: int, start: int) -> int:
    """Positions that batches of `size` need not recompute, against starting all at `start`.

    changes: where each mask, in the batches' order, departs from the reference; (N,), falling.
    """
    batches = torch.as_tensor(changes).split(size)
    return sum(len(batch) * max(0, int(batch[-1]) - start) for batch in batches)
