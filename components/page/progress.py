"""How far a run has come: the value of the status line."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic


@dataclass
class Progress:
    """Words, and once the work can be measured, the share that is done and the seconds left."""

    state: str = "running"
    text: str = "Starting"
    details: str = ""
    started: float | None = None
    passes: int = 0
    passes_before: int | None = None
    steps: tuple[int, int] | None = None

    def say(self, text: str) -> None:
        """Work whose length is unknown."""
        self.text, self.started = text, None

    def measure(self, text: str, passes: int) -> None:
        """Work of about so many passes through the model begins."""
        self.text, self.passes, self.started = text, passes, monotonic()
        self.passes_before = self.steps = None

    def step(self, step: int, total: int) -> None:
        """The measured work goes in steps."""
        self.steps, self.text = (step, total), f"Searching: step {step} of {total}"

    def end(self, state: str, text: str, details: str = "") -> None:
        """state: done, stopped, error or idle. details: sentences to read on demand."""
        self.state, self.text, self.details = state, text, details

    def value(self, passes_done: int = 0) -> dict:
        """passes_done: sequences that have gone through the model since the run began."""
        value = {"state": self.state, "text": self.text, "fraction": None, "eta": None}
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
