"""How far a run has come: the value of the status line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any


@dataclass
class Progress:
    """Words, and once the work can be measured, the share that is done and the seconds left."""

    state: str = "running"
    text: str = "Starting"
    details: str = ""
    origin: str = ""  # said before what is done, where it was not computed now
    started: float | None = None
    passes: int = 0
    passes_before: int | None = None
    steps: tuple[int, int] | None = None

    def say(self, text: str) -> None:
        """Work whose length is unknown."""
        self.state, self.text, self.started = "running", text, None

    def wait(self, ahead: int, seconds: float | None) -> None:
        """The run waits for its turn. seconds: about how long, None where that is not known."""
        about = "" if seconds is None else f", about {duration(seconds)}"
        self.state, self.text, self.started = "queued", f"Waiting: {ahead} before you{about}", None

    def measure(self, text: str, passes: int) -> None:
        """The work that begins takes about this many passes through the model."""
        self.state, self.text, self.passes, self.started = "running", text, passes, monotonic()
        self.passes_before = self.steps = None

    def step(self, step: int, total: int, checked: Sequence[int] | None = None) -> None:
        """The measured work goes in steps, a mask each. checked: of a proof, how many of how many sets are
        tried."""
        self.steps, self.text = (step, total), f"Finding: {step:,} of about {total:,} masks tried"
        if checked:
            self.steps = checked[0], checked[1]
            self.text = f"Shown below. Proving it: {checked[0]:,} of {checked[1]:,} exchanges checked"

    def end(self, state: str, text: str, details: str = "") -> None:
        """state: done, stopped, error or idle. details: sentences to read on demand."""
        self.state, self.text, self.details = state, self.origin + text, details

    def value(self, passes_done: int = 0) -> dict:
        """passes_done: sequences that have gone through the model since the run began."""
        value: dict[str, Any] = {"state": self.state, "text": self.text, "fraction": None, "eta": None}
        value |= {"details": self.details} if self.details else {}
        if self.state == "running" and self.started is not None:
            seconds, fraction = monotonic() - self.started, self._fraction(passes_done)
            value |= {"fraction": fraction, "eta": seconds * (1 / fraction - 1) if fraction else None}
        return value

    def _fraction(self, passes_done: int) -> float:
        if self.steps:
            return self.steps[0] / self.steps[1]
        if self.passes_before is None:
            self.passes_before = passes_done
        return min(1.0, (passes_done - self.passes_before) / max(self.passes, 1))


def duration(seconds: float) -> str:
    """In words: 45 s, 2 min, 2 min 5 s."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return " ".join([f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest))


def status(state: str, text: str) -> dict:
    """Value of a status line where nothing runs. state: idle, done, stopped or error."""
    return Progress(state, text).value()
