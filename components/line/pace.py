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
        """Mean seconds of the last jobs of that kind; None before any."""
        return mean(self._seconds[kind]) if kind in self._seconds else None
