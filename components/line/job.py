"""One run of a stream in a thread of its own: its place in the line, what it has said, who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from math import inf
from threading import Condition, Thread, Timer
from time import monotonic
from typing import TYPE_CHECKING

from components.line import lent_gpu
from components.line.allocator import give_back
from components.line.job_log import log_failure, log_job
from components.line.line import Line
from components.line.results import Model
from components.line.ticket import Place, Ticket
from components.line.work import Work
from explainers.core import zero_gpu
from explainers.core.errors import MaskwiseError, Stopped, unexpected
from explainers.models import held
from explainers.streams.events.shared import Event

if TYPE_CHECKING:
    from components.line.reader import Reader

RETURN_SECONDS = 60.0  # within which a page that was left may come back to its run


class Job:
    """Takes a place in the line at once; raises MaskwiseError where the line is full.

    events: all so far; the last is an `error` or `stopped` where it ended early. passes_done counts sequences
    that went through the model. changed: of both, of `over`, and of the readers.
    """

    def __init__(self, line: Line, session: str, work: Work):
        self.work, self.passes_done, self.over = work, 0, False
        self.events: list[Event] = []
        self.changed = Condition()
        self._line, self._deadline, self._began = line, inf, False
        self._ticket = Ticket(session, work.pace, work.short, work.size, ready=work.task is None)
        self._readers: set[Reader] = set()
        self._left_at, self._asked_at, self._model = 0.0, monotonic(), ""
        line.join(self._ticket)

    @property
    def place(self) -> Place | None:
        """Where it stands in the line, None once it has begun."""
        return self._line.place(self._ticket)

    @property
    def at_work(self) -> bool:
        return self._ticket.began

    # Readers

    def join(self, reader: Reader) -> bool:
        """Be one more reader; False where the job was stopped."""
        with self.changed:
            if self._ticket.stopped and not self.over:
                return False
            self._readers.add(reader)
            self._line.unread(self._ticket, False)
            return True

    def leave(self, reader: Reader, returns: bool = False) -> None:
        """Nobody may be left to read it: it ends. returns: not before somebody had time to come back, and
        until then it gives way to everybody."""
        with self.changed:
            self._readers.discard(reader)
            self.changed.notify_all()
            if self._readers or self.over or self._ticket.stopped:
                return
            if not returns:
                self._line.stop(self._ticket)
                return
            self._line.unread(self._ticket, True)
            self._left_at = monotonic()
        timer = Timer(RETURN_SECONDS, self._end_unless_read, [self._left_at])
        timer.daemon = True
        timer.start()

    def _end_unless_read(self, left_at: float) -> None:
        """Nobody has come back since then."""
        with self.changed:
            if not self._readers and self._left_at == left_at:
                self._line.stop(self._ticket)

    def is_read_by_others(self, reader: Reader) -> bool:
        with self.changed:
            return bool(self._readers - {reader})

    # Its thread

    def begin(self) -> None:
        """Go to work; a second call does nothing."""
        with self.changed:
            if self._began:
                return
            self._began = True
        in_context = copy_context().run  # of whoever asks, whose quota of a lent GPU it is
        Thread(target=in_context, args=(self._run,), daemon=True).start()

    def _run(self) -> None:
        outcome = "done"
        try:
            events = self._work_or_result()
            for event in events:
                self._say(event)
        except Stopped as stopped:
            outcome = "stopped"
            self._say({"type": "stopped", "text": str(stopped)})
        except MaskwiseError as error:
            outcome = "refused"
            self._say({"type": "error", "text": str(error)})
        except Exception as error:
            outcome = "failed"
            log_failure(error)
            self._say({"type": "error", "text": unexpected(error)})
        finally:
            try:
                self._line.leave(self._ticket)
                if not self.work.short:
                    give_back()
                self._log(outcome)
            finally:  # else who reads it would wait for ever
                with self.changed:
                    self.over = True
                    self.changed.notify_all()

    def _log(self, outcome: str) -> None:
        seconds = self._ticket.seconds
        waited = monotonic() - self._asked_at - seconds
        log_job(self.work.kind, self._model, self.events, self.passes_done, seconds, waited, outcome)

    def _work_or_result(self) -> Iterator[Event]:
        """The events of the work, or those of an equal one before."""
        events = self.work.stream(self._on_forward)
        self._model = (self.work.builtin() or ("", ""))[0]
        if stored := self.work.result():
            yield from stored
            return
        model = self._load()
        self._model = model[0] if model else ""
        if stored := self.work.result_by(model):
            yield from stored
            return
        self._line.enter(self._ticket)
        self._deadline = monotonic() + self.work.max_seconds
        yield from self._lent() if self._on_lent_gpu else events
        self.work.keep(model, self.events)

    @property
    def _on_lent_gpu(self) -> bool:
        """The built-in models need none, and what a run leaves behind would stay in the other process."""
        return zero_gpu.on_zero_gpu() and self.work.kept and bool(self.work.asked[1])

    def _lent(self) -> Iterator[Event]:
        expected = self._line.expected(self.work.pace, self.work.size)
        seconds = lent_gpu.seconds_to_ask(expected, self.work.max_seconds)
        return lent_gpu.lent(self.work.stream, seconds, self._on_forward, lambda: self._ticket.stopped)

    def _say(self, event: Event) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()
        if event.get("known"):
            self._ticket.typical = False
        if event["type"] == "shown":
            self._line.begin_proof(self._ticket)

    def _check(self) -> None:
        """Raise Stopped where the job is to end."""
        if self._ticket.stopped:
            raise Stopped("Stopped.")

    def _on_forward(self, rows: int) -> bool:
        self._deadline += self._line.between_passes(self._ticket)
        self._check()
        if monotonic() > self._deadline:
            raise Stopped(f"Stopped: a run may take {self.work.max_seconds:.0f} seconds.")
        self.passes_done += rows
        return self._line.is_shared()

    def _load(self) -> Model | None:
        """Load the model while others compute."""
        if self.work.task is None:
            return None
        self._say({"type": "status", "text": "Loading the model"})
        if self._on_lent_gpu:  # the other process reads it
            found = held.download_model(self.work.model, self.work.task, self._check)
            self._line.loaded(self._ticket)
            return found
        loaded = held.load_model(self.work.model, self.work.task, self._check)
        self._line.loaded(self._ticket)
        return (loaded.name, loaded.revision) if loaded else None
