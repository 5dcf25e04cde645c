"""Runs that a page may come back to: after a reload, on a phone that slept, on a second device."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock
from time import monotonic

from components.line.job import Job

MOST_KEPT = 100
KEPT_SECONDS = 3600.0
NAME_BYTES = 16  # nobody can guess them


@dataclass(frozen=True)
class Run:
    """tab: the name of the tab that shows it. inputs: those of the tab, as it fills them in."""

    tab: str
    inputs: dict
    job: Job
    began: float = field(default_factory=monotonic)


class Runs:
    """The latest runs by names that nobody can guess: who has the name sees texts and result."""

    def __init__(self):
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._lock = Lock()

    def keep(self, run: Run) -> str:
        """Returns its name, which begins with the tab's."""
        name = f"{run.tab}.{token_urlsafe(NAME_BYTES)}"
        with self._lock:
            self._runs[name] = run
            while len(self._runs) > MOST_KEPT or self._oldest_began() < monotonic() - KEPT_SECONDS:
                self._runs.popitem(last=False)
        return name

    def find(self, name: str | None) -> Run | None:
        with self._lock:
            run = self._runs.get(name or "")
        return run if run and run.began >= monotonic() - KEPT_SECONDS else None

    def _oldest_began(self) -> float:
        return next(iter(self._runs.values())).began
