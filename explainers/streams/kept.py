"""What was worked out for recent questions, by model: plain values, which keep no model in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from weakref import WeakKeyDictionary

MOST_KEPT = 8  # for each model

_kept: WeakKeyDictionary = WeakKeyDictionary()
_lock = Lock()


def kept(model, key: Hashable, make: Callable, is_full: Callable = lambda value: False):
    """What `make` gave for this key and model, made anew where it is not among the last MOST_KEPT, or full.

    The value may hold no reference to the model: it goes when the model goes.
    """
    with _lock:
        value = _kept.setdefault(model, OrderedDict()).get(key)
    if value is None or is_full(value):
        value = make()
    with _lock:
        values = _kept.setdefault(model, OrderedDict())
        values[key] = value
        values.move_to_end(key)
        while len(values) > MOST_KEPT:
            values.popitem(last=False)
    return value
