"""Copies of one sequence's cache, from which several sequences go on."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers.cache_utils import Cache
else:
    Cache = object


def cache_arguments(cache: Cache | None, rows: int, length: int) -> dict:
    """What makes a forward pass of `rows` sequences go on from the first `length` positions of a cache."""
    if cache is None:
        return {"use_cache": False}
    return {"past_key_values": expanded(cache, rows, length), "use_cache": True}


def is_croppable(cache: Cache) -> bool:
    """Whether the first part of the cache is the cache of the first part: not so for sliding windows."""
    from transformers.cache_utils import DynamicLayer  # here, so that a page opens without transformers

    return all(type(layer) is DynamicLayer for layer in cache.layers)


def size_of(cache: Cache) -> int:
    """Bytes of a cache that is croppable."""
    total = 0
    for layer in cache.layers:
        total += layer.keys.nbytes + layer.values.nbytes  # type: ignore[union-attr]
    return total


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
        # The types allow for layers without keys; those of a cache that can be cropped have them.
        layer.keys = layer.keys[:, :, :length].expand(rows, -1, -1, -1)  # type: ignore[union-attr,index]
        layer.values = layer.values[:, :, :length].expand(rows, -1, -1, -1)  # type: ignore[union-attr,index]
    return fresh
