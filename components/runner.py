"""The one bridge between a stream of events and the page: jobs by page and slot, Stop, what is shown."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from itertools import count
from threading import Lock

import gradio as gr

from components.line.job import Job
from components.line.line import Line
from components.line.reader import Reader
from components.line.runs import Run, Runs
from components.line.work import Work
from components.page.stream_view import StreamView
from components.page.views import Values
from explainers.core.errors import MaskwiseError

LINE = Line()
HANDOVER_SECONDS = 1.0  # for the last values of a run that was replaced


class Runner:
    """The jobs of every open page, by its session and by slot: the views that a job fills.

    A job that is asked for takes the place of the earlier one in its slot, and leaves those of other slots
    alone. Equal questions are one job with many readers. runs: those that a page may come back to.
    readers: of the jobs, by session and slot.
    """

    def __init__(self, line: Line):
        self.runs = Runs()
        self.line = line
        self.readers: dict[tuple[str, str], Reader] = {}
        self._shared: dict[tuple[str, str], Job] = {}  # by question and model
        self._lock = Lock()
        self._numbers = count()

    def start(self, session: str | None, slot: str, work: Work, inputs: dict | None = None) -> Reader:
        """Raises MaskwiseError where the line is full; the earlier job of the slot is ended anyway.

        inputs: of the tab that is named as the slot, so that its page may come back to the run.
        """
        earlier = self.dismiss(session, slot)
        reader = self._reader(session or "", work, returns=inputs is not None)
        if earlier:
            reader.replaces = earlier.gone
        if inputs is not None:
            reader.run = self.runs.keep(Run(slot, inputs, reader.job))
        return self._enrol(session, slot, reader)

    def resume(self, session: str | None, name: str) -> Reader | None:
        """Read a run again, from its first event; None where it is not kept."""
        if not (run := self.runs.find(name)):
            return None
        reader = Reader(run.job, returns=True)
        if not run.job.join(reader):
            return None
        reader.run = name
        return self._enrol(session, run.tab, reader)

    def add(self, session: str | None, work: Work) -> Reader:
        """A job in a slot of its own, beside all others of the session."""
        return self.start(session, f"call {next(self._numbers)}", work)

    def do(self, work: Work) -> None:
        """Do a job that nobody reads: it gives way to everybody. Returns at its end."""
        reader = self._reader("", work, returns=True)
        reader.leave()
        for _ in reader.updates():
            pass

    def end(self, reader: Reader) -> None:
        """The job is over, or this reader is gone."""
        reader.leave()
        reader.gone.set()
        with self._lock:
            self.readers = {key: other for key, other in self.readers.items() if other is not reader}

    def stop(self, session: str | None, *slots: str) -> None:
        """End the session's jobs in these slots; one that waits leaves the line at once."""
        with self._lock:
            stopped = [reader for slot in slots if (reader := self.readers.get((session or "", slot)))]
        for reader in stopped:
            reader.stop()

    def dismiss(self, session: str | None, slot: str) -> Reader | None:
        """End the slot's job, which is out of date, without a word. Returns its reader, if there is one."""
        with self._lock:
            reader = self.readers.pop((session or "", slot), None)
        if reader:
            reader.replace()
        return reader

    def leave(self, session: str | None) -> None:
        """The page was left: forget its jobs, which end unless others read them or the page comes back."""
        with self._lock:
            left = [key for key in self.readers if key[0] == (session or "")]
            readers = [self.readers.pop(key) for key in left]
        for reader in readers:
            reader.leave()

    def _enrol(self, session: str | None, slot: str, reader: Reader) -> Reader:
        with self._lock:
            self.readers[session or "", slot] = reader
        return reader

    def _reader(self, session: str, work: Work, returns: bool) -> Reader:
        """Of the job that runs on an equal question, or of a new one."""
        asked = work.asked
        with self._lock:
            self._shared = {key: job for key, job in self._shared.items() if not job.over}
            job = self._shared.get(asked) if work.question else None
            if job and job.join(reader := Reader(job, returns)):
                return reader
            job = Job(self.line, session, work)
            if work.question:
                self._shared[asked] = job
        job.join(reader := Reader(job, returns))
        return reader


RUNNER = Runner(LINE)
atexit.register(LINE.close)


def show(
    request: gr.Request, slot: str, work: Work, view: StreamView, inputs: dict | None = None
) -> Iterator[Values]:
    """Run a work for a page: its events go into `view`; its status comes out, and what changes of the other
    values. Ends without a word where another job takes the slot. inputs: as in `Runner.start`.

    The work has the slot when this returns.
    """
    try:
        reader = RUNNER.start(request.session_hash, slot, work, inputs)
    except MaskwiseError as full:
        view.add({"type": "error", "text": str(full)})
        return iter([view.values()])
    return follow(reader, view)


def follow(reader: Reader, view: StreamView) -> Iterator[Values]:
    """As `show`, of a job that is read already."""
    before: Values = {}
    reader.replaces.wait(HANDOVER_SECONDS)  # lest what was on its way to the page comes after what we say
    try:
        for events in reader.updates():
            if reader.replaced:
                return
            for event in events:
                view.add(event)
            if reader.late and not before:
                view.progress.from_now()
            view.progress.stopping = reader.stopped
            values = view.values(reader.passes_done)
            if reader.run:
                values["status"] |= {"run": reader.run}
            yield {name: new for name, new in values.items() if name == "status" or before.get(name) != new}
            before |= values
    finally:
        RUNNER.end(reader)


def stopper(*slots: str) -> Callable[[gr.Request], None]:
    """The handler of a Stop for these slots of its page."""

    def stop(request: gr.Request) -> None:
        RUNNER.stop(request.session_hash, *slots)

    return stop
