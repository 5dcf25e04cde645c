"""How long jobs of a kind take, as measured on this machine: what seconds are estimated from."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from statistics import mean

from explainers.core.errors import MaskwiseError

REMEMBERED = 10  # jobs of a kind


class Pace:
    """Seconds of the last jobs for each unit of their size, by kind."""

    def __init__(self):
        self._rates: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def record(self, kind: str, seconds: float, size: float = 1.0) -> None:
        self._rates[kind].append(seconds / size)

    def expected(self, kind: str, size: float = 1.0) -> float | None:
        """Seconds at the mean rate of the last jobs of that kind; None before any."""
        return mean(self._rates[kind]) * size if kind in self._rates else None


def size_of(tokens: Callable[[], float]) -> float:
    """The size of a request's work; 1 where the request cannot be, as the run itself will say."""
    try:
        return tokens()
    except MaskwiseError:
        return 1.0
