"""What is known of recent prompts, by model: the answer, log p of masks that were evaluated, and what removed
sets did.

Plain values, which keep no model in memory. The next question, the next method and the next k go on from it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol, TypeVar
from weakref import WeakKeyDictionary

from explainers.core.types import Mask
from explainers.streams.report import RemovalReport
from explainers.targets.response import Evaluated, ResponseTarget

MOST_KEPT = 32  # for each model
MOST_REPORTS = 50  # of one prompt


class Bounded(Protocol):
    def is_full(self) -> bool: ...


Value = TypeVar("Value", bound=Bounded)

known_by_model: WeakKeyDictionary = WeakKeyDictionary()  # of values by key, the latest last
_lock = Lock()


def known(model, key: Hashable, make: Callable[[], Value]) -> Value:
    """What `make` gave for this key and model, made anew where it is not among the last MOST_KEPT, or full.

    The value may hold no reference to the model: it goes when the model goes.
    """
    with _lock:
        values = known_by_model.setdefault(model, OrderedDict())
        for full in [other for other, value in values.items() if value.is_full()]:
            del values[full]
        value = values.get(key)
    if value is None:
        value = make()
    with _lock:
        values = known_by_model.setdefault(model, OrderedDict())
        values[key] = value
        values.move_to_end(key)
        while len(values) > MOST_KEPT:
            values.popitem(last=False)
    return value


@dataclass
class Answer:
    """The token ids of an answer, () until it is written."""

    ids: tuple[int, ...] = ()

    def is_full(self) -> bool:
        return False


def recall_masks(target: ResponseTarget) -> int:
    """Let the target go on from the masks that were evaluated for it before; returns how many there are."""
    target.recall(known(target.loaded.model, _question(target), Evaluated))
    return target.distinct_masks


@dataclass
class KnownRemovals:
    """What was measured of sets that were removed, with the answers without them, by mask."""

    reports: dict[Mask, RemovalReport] = field(default_factory=dict)

    def keep(self, reports: dict[Mask, RemovalReport]) -> None:
        """Those whose answer was written to its end."""
        self.reports |= {mask: report for mask, report in reports.items() if report.is_whole()}

    def is_full(self) -> bool:
        return len(self.reports) > MOST_REPORTS


def recall_removals(target: ResponseTarget, max_new_tokens: int) -> KnownRemovals:
    """What is known of removals from this target, with answers of so many tokens."""
    return known(target.loaded.model, (_question(target), max_new_tokens), KnownRemovals)


def _question(target: ResponseTarget) -> tuple:
    return target.prompt, target.response_ids, target.part, target.operator
