"""How far a study is, on one line, with the time that is left."""

from __future__ import annotations

import sys
from collections import deque
from time import perf_counter

WINDOW = 20  # latest parts whose pace counts


class Progress:
    """total: parts to be done now. Writes over one line of a terminal, and a line per minute elsewhere."""

    def __init__(self, total: int, already: int = 0):
        self.total, self.already, self.done = total, already, 0
        self._times = deque([perf_counter()], maxlen=WINDOW + 1)
        self._shown = float("-inf")

    def step(self, what: str) -> None:
        self.done += 1
        self._times.append(perf_counter())
        terminal = sys.stderr.isatty()
        if terminal or self.done == self.total or self._times[-1] - self._shown > 60:
            self._shown = self._times[-1]
            end = "\n" if self.done == self.total or not terminal else ""
            print(f"{chr(13) if terminal else ''}{self.line(what)}", end=end, file=sys.stderr, flush=True)

    def line(self, what: str) -> str:
        pace = (self._times[-1] - self._times[0]) / max(1, len(self._times) - 1)
        left = pace * (self.total - self.done)
        resumed = f", {self.already} from before" if self.already else ""
        return f"{self.done} of {self.total} parts{resumed}; {left / 60:.1f} minutes left; {what[:40]:40}"
