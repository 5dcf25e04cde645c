"""Keys and values that several masked prompts have in common, computed once."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING

from explainers.core.types import Mask, Prompt

if TYPE_CHECKING:
    from transformers.cache_utils import Cache


def is_croppable(cache: Cache) -> bool:
    """Whether the first part of the cache is the cache of the first part: not so for sliding windows."""
    from transformers.cache_utils import DynamicLayer  # here, so that a page opens without transformers

    return all(type(layer) is DynamicLayer for layer in cache.layers)


def expanded(cache: Cache, rows: int, length: int) -> Cache:
    """A batch's own copy of the first `length` positions of a one-row cache: a forward pass adds to it.

    Layers that only ever concatenate share the one row's memory; others are copied, at full length.
    """
    if not is_croppable(cache):
        fresh = copy.deepcopy(cache)
        if rows > 1:
            fresh.batch_repeat_interleave(rows)
        return fresh
    fresh = copy.copy(cache)
    fresh.layers = [copy.copy(layer) for layer in cache.layers]
    for layer in fresh.layers:
        layer.keys = layer.keys[:, :, :length].expand(rows, -1, -1, -1)
        layer.values = layer.values[:, :, :length].expand(rows, -1, -1, -1)
    return fresh


def first_change(prompt: Prompt, reference: Mask, masks: Sequence[Mask]) -> int:
    """The earliest position at which one of the masked prompts differs from the reference's.

    At most L − 1: the last position is read anew even if all are the same.
    """
    spans = zip(prompt.spans, reference, *masks, strict=True)
    changed = (min(span.positions) for span, kept, *bits in spans if any(bit != kept for bit in bits))
    return min(changed, default=len(prompt.input_ids) - 1)


def by_first_change(prompt: Prompt, reference: Mask, masks: Sequence[Mask]) -> list[Mask]:
    """The masks that leave the reference last come first, so that a batch shares as much as it can."""
    return sorted(masks, key=lambda mask: -first_change(prompt, reference, [mask]))


def majority(masks: Sequence[Mask]) -> Mask:
    """The mask that keeps what most keep: for all exchanges of one span, the mask they start from."""
    return tuple(int(2 * sum(bits) >= len(masks)) for bits in zip(*masks, strict=True))


def saved_positions(prompt: Prompt, reference: Mask, ordered: Sequence[Mask], size: int, start: int) -> int:
    """Positions that batches of `size` need not recompute, against starting all at `start`."""
    batches = (ordered[n : n + size] for n in range(0, len(ordered), size))
    return sum(len(batch) * max(0, first_change(prompt, reference, batch) - start) for batch in batches)
