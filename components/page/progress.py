"""How far a run has come: the value of the status line."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Any

COUNTED = 10  # passes: fewer are not counted in words


@dataclass
class Progress:
    """Words, and once the work can be measured, the share that is done and the seconds left."""

    state: str = "running"
    text: str = "Starting"
    details: str = ""
    origin: str = ""  # said before what is done, where it was not computed now
    started: float | None = None
    seconds: float = 0.0  # that the work takes, where that is what is known of it
    after: float = 0.0  # seconds of what comes behind the measured work
    passes: int = 0
    passes_before: int | None = None
    steps: tuple[int, int] | None = None
    steps_before: int = 0  # that were done when the measured work began

    def say(self, text: str) -> None:
        """Work whose length is unknown."""
        self.state, self.text, self.started = "running", text, None

    def wait(self, ahead: int, seconds: float | None) -> None:
        """The run waits for its turn. seconds: about how long, None where that is not known."""
        about = "" if seconds is None else f", about {duration(seconds)}"
        self.state, self.text, self.started = "queued", f"Waiting: {ahead} before you{about}", None

    def measure(self, text: str, passes: int, after: float = 0.0) -> None:
        """The work that begins takes about this many passes through the model. after: seconds of what comes
        behind it."""
        self.state, self.text, self.passes, self.started = "running", text, passes, monotonic()
        self.passes_before = self.steps = None
        self.steps_before = 0
        self.seconds, self.after = 0.0, after

    def expect(self, text: str, seconds: float) -> None:
        """The work that begins takes about so long."""
        self.measure(text, 0)
        self.seconds = seconds

    def step(self, step: int, total: int) -> None:
        """The measured work goes in steps, a mask each."""
        self.steps, self.text = (step, total), f"Finding: {step:,} of about {total:,} masks tried"

    def prove(self, done: int, wanted: int) -> None:
        """A proof begins or goes on. done, wanted: how many of how many sets are tried; from a better set it
        begins anew."""
        if self.state != "running" or not self.steps or self.steps[1] != wanted or self.steps[0] >= done:
            self.measure("", 0)
            self.steps_before = done
        self.steps = done, wanted
        self.text = f"Shown below. Proving it: {done:,} of {wanted:,} exchanges checked"

    def from_now(self) -> None:
        """What is done came all at once, to a page that has come back: the time of steps is taken from here
        on; of other work nobody knows how much is done."""
        if self.steps:
            self.started, self.steps_before = monotonic(), self.steps[0]
        else:
            self.started = None

    def end(self, state: str, text: str, details: str = "") -> None:
        """state: done, stopped, error or idle. details: sentences to read on demand."""
        self.state, self.text, self.details = state, self.origin + text, details

    def value(self, passes_done: int = 0) -> dict:
        """passes_done: sequences that have gone through the model since the run began."""
        value: dict[str, Any] = {"state": self.state, "text": self.text, "fraction": None, "eta": None}
        value |= {"details": self.details} if self.details else {}
        if self.state == "running" and self.started is not None:
            value |= self._measured(monotonic() - self.started, passes_done)
        return value

    def _measured(self, seconds: float, passes_done: int) -> dict:
        """seconds: since the work began."""
        if self.seconds:
            known = seconds < self.seconds  # else it takes longer than was expected, nobody knows how long
            return {"fraction": seconds / self.seconds, "eta": self.seconds - seconds} if known else {}
        if self.steps:
            return self._share(*self.steps, self.steps_before, seconds)
        if self.passes_before is None:
            self.passes_before = passes_done
        done = min(passes_done - self.passes_before, self.passes)
        counted = f"{self.text}: {done:,} of about {self.passes:,} passes"
        text = counted if self.passes >= COUNTED else self.text
        return {"text": text} | self._share(done, max(self.passes, 1), 0, seconds)

    def _share(self, done: int, total: int, before: int, seconds: float) -> dict:
        """before: what was done when the seconds began."""
        left = seconds * (total - done) / (done - before) + self.after if done > before else None
        return {"fraction": done / total, "eta": left}


def duration(seconds: float) -> str:
    """In words: 45 s, 2 min, 2 min 5 s."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return " ".join([f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest))


def status(state: str, text: str) -> dict:
    """Value of a status line where nothing runs. state: idle, done, stopped or error."""
    return Progress(state, text).value()
