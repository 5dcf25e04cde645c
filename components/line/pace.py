"""How long jobs of a kind take, as measured: what the seconds of those who wait are estimated from."""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import mean

REMEMBERED = 10  # jobs of a kind


class Pace:
    """Seconds of the last jobs, by kind."""

    def __init__(self):
        self._seconds: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def record(self, kind: str, seconds: float) -> None:
        self._seconds[kind].append(seconds)

    def expected(self, kind: str) -> float | None:
        """Mean seconds of that kind, or of all kinds while none of it has run; None before any job."""
        every = [second for seconds in self._seconds.values() for second in seconds]
        measured = self._seconds.get(kind) or every
        return mean(measured) if measured else None
