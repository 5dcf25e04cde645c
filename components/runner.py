"""The one bridge between a stream of events and the page: jobs by page and slot, Stop, what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from threading import Lock

import gradio as gr

from components.line.job import Job, Work
from components.line.line import Line
from components.page.stream_view import StreamView
from components.page.views import Values
from explainers.core.errors import MaskwiseError

LINE = Line()


class Runner:
    """The jobs of every open page, by its session and by slot: the views that a job fills.

    A job that is asked for takes the place of the earlier one in its slot, and leaves those of other slots
    alone. Nothing is kept of a job that is over.
    """

    def __init__(self, line: Line):
        self._line = line
        self._jobs: dict[tuple[str, str], Job] = {}
        self._lock = Lock()
        self._numbers = count()

    def start(self, session: str | None, slot: str, work: Work) -> Job:
        """Raises MaskwiseError where the line is full; the earlier job of the slot is ended anyway."""
        self.dismiss(session, slot)
        job = Job(self._line, session or "", work)
        with self._lock:
            self._jobs[session or "", slot] = job
        return job

    def add(self, session: str | None, work: Work) -> Job:
        """A job in a slot of its own, beside all others of the session."""
        return self.start(session, f"call {next(self._numbers)}", work)

    def end(self, job: Job) -> None:
        """The job is over, or nobody reads it any more."""
        job.stop()
        with self._lock:
            self._jobs = {key: other for key, other in self._jobs.items() if other is not job}

    def stop(self, session: str | None, *slots: str) -> None:
        """End the session's jobs in these slots; one that waits leaves the line at once."""
        with self._lock:
            stopped = [job for slot in slots if (job := self._jobs.get((session or "", slot)))]
        for job in stopped:
            job.stop()

    def dismiss(self, session: str | None, slot: str) -> None:
        """End the slot's job, which is out of date, without a word."""
        with self._lock:
            job = self._jobs.pop((session or "", slot), None)
        if job:
            job.replaced = True
            job.stop()

    def leave(self, session: str | None) -> None:
        """The page was left: end all its jobs, and forget them."""
        with self._lock:
            left = [key for key in self._jobs if key[0] == (session or "")]
            jobs = [self._jobs.pop(key) for key in left]
        for job in jobs:
            job.stop()


RUNNER = Runner(LINE)


def show(request: gr.Request, slot: str, work: Work, view: StreamView) -> Iterator[Values]:
    """Run a work for a page: its events go into `view`; its status comes out, and what changes of the other
    values. Ends without a word where another job takes the slot.
    """
    try:
        job = RUNNER.start(request.session_hash, slot, work)
    except MaskwiseError as full:
        view.add({"type": "error", "text": str(full)})
        yield view.values()
        return
    before: Values = {}
    try:
        for events in job.updates():
            if job.replaced:
                return
            for event in events:
                view.add(event)
            values = view.values(job.passes_done)
            yield {name: new for name, new in values.items() if name == "status" or before.get(name) != new}
            before |= values
    finally:
        RUNNER.end(job)


def stopper(*slots: str) -> Callable[[gr.Request], None]:
    """The handler of a Stop for these slots of its page."""

    def stop(request: gr.Request) -> None:
        RUNNER.stop(request.session_hash, *slots)

    return stop
