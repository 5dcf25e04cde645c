"""How far a run has come: the value of the status line."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Any

COUNTED = 10  # passes: fewer are not counted in words
MEASURED = 0.05  # of the work: less says too little of how long the rest takes
STOPPING = "Stopping: what is at work just now ends first"


@dataclass(frozen=True)
class Part:
    """Of measured work. passes: about how many go through the model. size: as a share of the sizes of all."""

    passes: int
    size: float


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
    parts: tuple[Part, ...] = ()
    part: int = 0  # that is at work
    passes_before: int | None = None  # when that part began
    steps: tuple[int, int] | None = None
    stepped: float = 0.0  # when the last of them was done
    behind: int = 0  # steps' worth of work behind them
    proof: tuple[int, int] | None = None
    before: float = 0.0  # steps, or the size of parts, that were done when the clock was started
    stopping: bool = False  # Stop was pressed, and the run has not ended yet

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
        self.measure_parts(text, Part(passes, 1.0))
        self.after = after

    def measure_parts(self, text: str, *parts: Part) -> None:
        """The work that begins has these parts, each of which begins with `next_part` but the first."""
        self.state, self.text, self.parts, self.part, self.started = "running", text, parts, 0, monotonic()
        self.passes_before = self.steps = self.proof = None
        self.before = self.seconds = self.after = 0.0
        self.behind = 0

    def next_part(self, text: str) -> None:
        """A part is done."""
        self.text, self.part, self.passes_before = text, self.part + 1, None

    def expect(self, text: str, seconds: float) -> None:
        """The work that begins takes about so long."""
        self.measure(text, 0)
        self.seconds = seconds

    def step(self, step: int, total: int, behind: int = 0) -> None:
        """The measured work goes in steps, a mask each. behind: masks that are evaluated after them."""
        self.steps, self.stepped, self.behind = (step, total), monotonic(), behind
        self.text = f"Finding: {step:,} of about {total:,} masks tried"

    def prove(self, done: int, wanted: int, left: int | None = None) -> None:
        """A proof begins or goes on. done, wanted: how many of how many sets are tried; from a better set it
        begins anew. left: how many will still be tried, where that is known; the budget may not cover all."""
        end = wanted if left is None else min(done + left, wanted)
        if self.state != "running" or not self.proof or self.proof[1] != wanted or self.proof[0] >= done:
            self.measure("", 0)
            self.before = done
        self.steps, self.proof, self.stepped = (done, end), (done, wanted), monotonic()
        self.text = f"Shown below. Proving it: {done:,} of {wanted:,} exchanges checked"
        if end < wanted:
            self.text += f"; the budget ends at {end:,}"

    def from_now(self) -> None:
        """What is done came all at once, to a page that has come back: steps and parts are timed from here
        on; of other work nobody knows how much is done."""
        self.started = monotonic() if self.steps or self.part else None
        self.before, self.passes_before = self.steps[0] if self.steps else self._size_done(), None

    def end(self, state: str, text: str, details: str = "") -> None:
        """state: done, stopped, error or idle. details: sentences to read on demand."""
        self.state, self.text, self.details = state, self.origin + text, details

    def value(self, passes_done: int = 0) -> dict:
        """passes_done: sequences that have gone through the model since the run began."""
        value: dict[str, Any] = {"state": self.state, "text": self.text, "fraction": None, "eta": None}
        value |= {"details": self.details} if self.details else {}
        if self.stopping and self.state in ("running", "queued"):
            return value | {"text": STOPPING}
        if self.state == "running" and self.started is not None:
            value |= self._measured(monotonic() - self.started, passes_done)
        return value

    def _measured(self, seconds: float, passes_done: int) -> dict:
        """seconds: since the work began."""
        if self.seconds:
            known = seconds < self.seconds  # else it takes longer than was expected, nobody knows how long
            return {"fraction": seconds / self.seconds, "eta": self.seconds - seconds} if known else {}
        if self.steps and self.started is not None:
            done, total = self.steps
            since = max(0.0, monotonic() - max(self.stepped, self.started))
            return self._share(done, total, seconds - since, since, self.behind)
        return self._counted(passes_done) | self._share(*self._sizes(passes_done), seconds)

    def _counted(self, passes_done: int) -> dict:
        """The passes in words."""
        earlier = sum(part.passes for part in self.parts[: self.part])
        done, total = earlier + self._in_part(passes_done), sum(part.passes for part in self.parts)
        counted = f"{self.text}: {done:,} of about {total:,} passes"
        return {"text": counted if total >= COUNTED else self.text}

    def _sizes(self, passes_done: int) -> tuple[float, float]:
        """What is done of the parts, and all of them."""
        done = self._size_done()
        if self.part < len(self.parts):
            now = self.parts[self.part]
            done += now.size * self._in_part(passes_done) / max(now.passes, 1)
        return done, sum(part.size for part in self.parts)

    def _size_done(self) -> float:
        return sum(part.size for part in self.parts[: self.part])

    def _in_part(self, passes_done: int) -> int:
        """Passes of the part that is at work; no more than were planned."""
        if self.part >= len(self.parts):
            return 0
        if self.passes_before is None:
            self.passes_before = passes_done
        return min(passes_done - self.passes_before, self.parts[self.part].passes)

    def _share(
        self, done: float, total: float, seconds: float, since: float = 0.0, behind: float = 0.0
    ) -> dict:
        """seconds: that what is done has taken. since: that have passed after it. behind: what is done after
        the total, in the same unit."""
        measured = done - self.before
        known = measured > 0 and measured >= MEASURED * total
        left = seconds * (total - done + behind) / measured + self.after - since if known else 0.0
        left = max(0.0, left)  # what is overdue is not timed
        return {"fraction": done / total if total else 0, "eta": left or None}


def duration(seconds: float) -> str:
    """In words: 45 s, 2 min, 2 min 5 s."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return " ".join([f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest))


def status(state: str, text: str) -> dict:
    """Value of a status line where nothing runs. state: idle, done, stopped or error."""
    return Progress(state, text).value()
