"""One run of a stream in a thread of its own: its place in the line, Stop, a deadline, errors in words."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from time import monotonic

from components.line.line import Line, Place, Ticket
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import OnForward, Task
from explainers.models import held

MAX_SECONDS = float(os.environ.get("MASKWISE_MAX_SECONDS", 1800))
REFRESH_SECONDS = 0.12  # the page is sent at most eight updates a second
WAITING_SECONDS = 0.5  # and two while it waits

log = logging.getLogger("maskwise")

Stream = Callable[[OnForward], Iterator[dict]]


@dataclass(frozen=True)
class Work:
    """What a job runs.

    stream: takes on_forward and returns an iterator of events. It is called before the wait, so that a
    request that cannot be is refused at once. kind: works of a kind take about equally long. model, task:
    what to load before the turn comes, so that nobody waits for a download; none where task is None.
    short: it goes between the passes of a long job. max_seconds: with the models, at most.
    """

    stream: Stream
    kind: str
    model: str = ""
    task: Task | None = None
    short: bool = False
    max_seconds: float = MAX_SECONDS


class Job:
    """Takes a place in the line at once; raises MaskwiseError where the line is full.

    passes_done counts sequences that went through the model. replaced: another job fills the same views.
    """

    def __init__(self, line: Line, session: str, work: Work):
        self.passes_done = 0
        self.replaced = False
        self._line, self._work = line, work
        self._ticket = Ticket(session, work.kind, work.short, ready=work.task is None)
        self._deadline = inf
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._ended = False
        self._said: Place | None = None
        line.join(self._ticket)

    def updates(self) -> Iterator[list[dict]]:
        """Lists of the events since the last update, empty when nothing came, until the stream ends.

        While it waits there are `queued` events: {"ahead": how many go first, "seconds": about how long
        that takes, or None}. The last event is an `error` or `stopped` where it ended early. Closing this
        iterator stops the job."""
        threading.Thread(target=self._run, daemon=True).start()
        try:
            while not self._ended:
                yield self._collect()
        finally:
            self.stop()

    def stop(self) -> None:
        self._line.stop(self._ticket)

    def _collect(self) -> list[dict]:
        events: list[dict] = []
        until = monotonic() + (REFRESH_SECONDS if self._ticket.began else WAITING_SECONDS)
        while not self._ended and (pause := until - monotonic()) > 0:
            try:
                event = self._events.get(timeout=pause)
            except queue.Empty:
                break
            until = min(until, monotonic() + REFRESH_SECONDS)
            if event is None:
                self._ended = True
            else:
                events.append(event)
        return [*events, *self._queued(again=bool(events))]

    def _queued(self, again: bool) -> list[dict]:
        """Where the job stands, when that has changed or is to be said again."""
        place = self._line.place(self._ticket)
        if place is None or not place.ahead or (place == self._said and not again):
            return []
        self._said = place
        return [{"type": "queued", "ahead": place.ahead, "seconds": place.seconds}]

    def _check(self) -> None:
        """Raise Stopped where the job is to end."""
        if self._ticket.stopped:
            raise Stopped("Stopped.")

    def _on_forward(self, rows: int) -> None:
        self._deadline += self._line.between_passes(self._ticket)
        self._check()
        if monotonic() > self._deadline:
            raise Stopped(f"Stopped: a run may take {self._work.max_seconds:.0f} seconds.")
        self.passes_done += rows

    def _run(self) -> None:
        try:
            events = self._work.stream(self._on_forward)
            self._load()
            self._line.enter(self._ticket)
            self._deadline = monotonic() + self._work.max_seconds
            for event in events:
                self._events.put(event)
                if event["type"] == "shown":
                    self._line.shown(self._ticket)
        except Stopped as stopped:
            self._events.put({"type": "stopped", "text": str(stopped)})
        except MaskwiseError as error:
            self._events.put({"type": "error", "text": str(error)})
        except Exception as error:
            log.exception("run failed")
            self._events.put({"type": "error", "text": _unexpected(error)})
        finally:
            self._line.leave(self._ticket)
            self._events.put(None)

    def _load(self) -> None:
        """Load the model while others compute."""
        if self._work.task is not None:
            self._events.put({"type": "status", "text": "Loading the model"})
            held.load_model(self._work.model, self._work.task, self._check)
            self._line.loaded(self._ticket)


def _unexpected(error: Exception) -> str:
    if "out of memory" in str(error).lower() or isinstance(error, MemoryError):
        return "Out of memory. Choose a smaller model, a shorter prompt or fewer new tokens."
    return f"Something went wrong: {type(error).__name__}: {error}. Your text is kept; please try again."
