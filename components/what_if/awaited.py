"""The sets of words that visitors wait for, so that one pass measures those of the same explanation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

MOST = 4  # that one run measures, its own among them: who waits for that one waits for all


class Awaited:
    """Sets of numbers by what they are sets of, while somebody waits for them."""

    def __init__(self):
        self._sets: dict[str, list[list[int]]] = defaultdict(list)
        self._lock = Lock()

    @contextmanager
    def waits(self, asked: str, removed: list[int]) -> Iterator[None]:
        """Somebody waits for this set. asked: the explanation, as `results.question` gives it."""
        with self._lock:
            self._sets[asked].append(removed)
        try:
            yield
        finally:
            with self._lock:
                self._sets[asked].remove(removed)
                if not self._sets[asked]:
                    del self._sets[asked]

    def of(self, asked: str) -> list[list[int]]:
        """Those that are waited for, the earliest first."""
        with self._lock:
            return [list(removed) for removed in self._sets.get(asked, [])[:MOST]]
