"""The one bridge between a stream of events and the page: a worker thread, Stop, a deadline, errors."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from time import monotonic

import gradio as gr

from explainers.core.errors import MaskwiseError, Stopped

MAX_SECONDS = float(os.environ.get("MASKWISE_MAX_SECONDS", 1800))
REFRESH_SECONDS = 0.12  # the page is sent at most eight updates a second

log = logging.getLogger("maskwise")

Stream = Callable[[Callable[[int], None]], Iterator[dict]]


class Run:
    """Runs a stream in a thread, so that Stop and the clock work while the model computes.

    stream: takes on_forward and returns an iterator of events. passes_done counts sequences that went
    through the model.
    """

    def __init__(self, stream: Stream, stopped: threading.Event, max_seconds: float = MAX_SECONDS):
        self.passes_done = 0
        self.stopped = stopped
        self._stream, self._deadline = stream, monotonic() + max_seconds
        self._max_seconds = max_seconds
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._ended = False

    def updates(self) -> Iterator[list[dict]]:
        """Lists of the events since the last update, empty when nothing came, until the stream ends. The
        last event is an `error` or `stopped` where it ended early. Closing this iterator stops the run."""
        threading.Thread(target=self._work, daemon=True).start()
        try:
            while not self._ended:
                yield self._collect()
        finally:
            self.stopped.set()

    def _collect(self) -> list[dict]:
        events, until = [], monotonic() + REFRESH_SECONDS
        while not self._ended and (pause := until - monotonic()) > 0:
            try:
                event = self._events.get(timeout=pause)
            except queue.Empty:
                break
            if event is None:
                self._ended = True
            else:
                events.append(event)
        return events

    def _on_forward(self, rows: int) -> None:
        if self.stopped.is_set():
            raise Stopped("Stopped.")
        if monotonic() > self._deadline:
            raise Stopped(f"Stopped: a run may take {self._max_seconds:.0f} seconds.")
        self.passes_done += rows

    def _work(self) -> None:
        try:
            for event in self._stream(self._on_forward):
                self._events.put(event)
        except Stopped as stopped:
            self._events.put({"type": "stopped", "text": str(stopped)})
        except MaskwiseError as error:
            self._events.put({"type": "error", "text": str(error)})
        except Exception as error:
            log.exception("run failed")
            self._events.put({"type": "error", "text": _unexpected(error)})
        finally:
            self._events.put(None)


def _unexpected(error: Exception) -> str:
    if "out of memory" in str(error).lower() or isinstance(error, MemoryError):
        return "Out of memory. Choose a smaller model, a shorter prompt or fewer new tokens."
    return f"Something went wrong: {type(error).__name__}: {error}. Your text is kept; please try again."


class Runs:
    """The Stop of every open page's run, by session: of one that waits for the model, and of one at work."""

    def __init__(self):
        self._waiting: dict[str, threading.Event] = {}
        self._running: dict[str, threading.Event] = {}

    def ask(self, session: str | None) -> None:
        """A run is asked for and will wait its turn. It takes the place of the session's earlier one."""
        self.stop(session)
        self._waiting[session or ""] = threading.Event()

    def start(self, session: str | None, stream: Stream) -> Run:
        stopped = self._waiting.pop(session or "", None) or threading.Event()
        self.stop(session)  # an earlier one
        self._running[session or ""] = stopped
        return Run(stream, stopped)

    def end(self, session: str | None, run: Run) -> None:
        """The run is over, or nobody reads it any more; another of the session may be waiting."""
        run.stopped.set()
        if self._running.get(session or "") is run.stopped:
            del self._running[session or ""]

    def stop(self, session: str | None) -> None:
        """End the session's run; one that waits will end as it begins."""
        for runs in (self._waiting, self._running):
            if stopped := runs.get(session or ""):
                stopped.set()


RUNS = Runs()


def show(session: str | None, stream: Stream, page) -> Iterator[list]:
    """Run a stream for a page: its events go into `page.add`, and `page.values(passes_done)` comes out."""
    job = RUNS.start(session, stream)
    try:
        for events in job.updates():
            for event in events:
                page.add(event)
            yield page.values(job.passes_done)
    finally:
        RUNS.end(session, job)


def wait_turn(request: gr.Request) -> dict:
    """Value of the status line from the click on Run until the run begins."""
    RUNS.ask(request.session_hash)
    text = "Waiting for the model, which runs one explanation at a time"
    return {"state": "queued", "text": text, "fraction": None, "eta": None}


def stop(request: gr.Request) -> None:
    """The handler of Stop, and of a page that is left."""
    RUNS.stop(request.session_hash)
