"""What is going on, on stderr: a line that tells how far a study is, with the time that is left."""

from __future__ import annotations

import sys
from collections import deque
from time import perf_counter

WINDOW = 20  # latest parts whose pace counts
QUIET = 60  # seconds between two lines where there is no terminal
START_OF_LINE = "\r\x1b[K"  # of a terminal, where what stood there is wiped out


def say(text: str, end: str = "\n") -> None:
    """A line; on a terminal it takes the place of the one that tells how far the study is."""
    print(f"{START_OF_LINE if sys.stderr.isatty() else ''}{text}", end=end, file=sys.stderr, flush=True)


class Progress:
    """total: parts to be done now. Writes over one line of a terminal, and a line per minute elsewhere."""

    def __init__(self, total: int, already: int = 0):
        self.total, self.already, self.done = total, already, 0
        self._times = deque([perf_counter()], maxlen=WINDOW + 1)
        self._shown = float("-inf")

    def step(self, what: str) -> None:
        self.done += 1
        self._times.append(perf_counter())
        last, terminal = self.done == self.total, sys.stderr.isatty()
        if terminal or last or self._times[-1] - self._shown > QUIET:
            self._shown = self._times[-1]
            say(self.line(what), end="" if terminal and not last else "\n")

    def line(self, what: str) -> str:
        pace = (self._times[-1] - self._times[0]) / max(1, len(self._times) - 1)
        resumed = f", {self.already} from before" if self.already else ""
        return f"{self.done} of {self.total} parts{resumed}; {left(pace * (self.total - self.done))}; {what}"


def left(seconds: float) -> str:
    """About how long it takes yet, in words."""
    if seconds < 90:
        return f"{seconds:.0f} seconds left"
    return f"{seconds / 60:.0f} minutes left" if seconds < 5400 else f"{seconds / 3600:.1f} hours left"
