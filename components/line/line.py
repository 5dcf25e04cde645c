"""The line in front of the models: one job uses them at a time, and everybody's turn comes.

A long job hands the models over between two passes whenever somebody goes before it; everybody goes before
one in the background, such as a proof of what is shown already. Nobody else touches a model while a job has
its turn, also where the job's page was left and its last pass is still computed.
"""

from __future__ import annotations

from math import inf
from threading import Condition
from time import monotonic

from components.line.pace import Pace
from components.line.ticket import Place, Ticket
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError, Stopped

CLOSING_SECONDS = 10.0
SHORT_SECONDS = 5.0  # after so much computing a short job is a long one
SHARED_SECONDS = 20.0  # for so long after a short job came the next one may come at any time


class Line:
    """The deployment bounds how many long jobs wait, how many short ones, and how many of one session.

    waiting: those in line; at_work: the one that has the models. pace: how long jobs of a kind took.
    """

    def __init__(self):
        self.waiting: list[Ticket] = []
        self.at_work: Ticket | None = None
        self.pace = Pace()
        self._short_came = -inf  # when, in monotonic seconds
        self._changed = Condition()

    def join(self, ticket: Ticket) -> None:
        """Take a place; MaskwiseError where the line is full.

        Sessions take turns: a session's second job comes after the first of everybody who waits.
        """
        here = deployment()
        with self._changed:
            present = self._foreground()
            own = [other.turn for other in present if other.session == ticket.session]
            if len(self._waiting_like(ticket)) >= here.waiting or len(own) >= here.waiting_each:
                raise MaskwiseError(self._refusal(ticket, len(own)))
            now = min((other.turn for other in present), default=0)
            ticket.turn = max(own, default=now - 1) + 1
            self.waiting.append(ticket)
            if ticket.short:
                self._short_came = monotonic()

    def loaded(self, ticket: Ticket) -> None:
        """Its model is there: it may be called."""
        with self._changed:
            ticket.ready = True
            self._changed.notify_all()

    def begin_proof(self, ticket: Ticket) -> None:
        """The ticket's result is shown, and a proof follows in the background. It is dropped where the
        background holds as many already as may wait in line."""
        with self._changed:
            behind = sum(other.background for other in self._present())
            ticket.proving, ticket.stopped = True, ticket.stopped or behind >= deployment().waiting
            self._record(ticket, self._computed(ticket))
            self._changed.notify_all()

    def unread(self, ticket: Ticket, unread: bool) -> None:
        """Nobody reads it any more, or somebody does again."""
        with self._changed:
            ticket.unread = unread
            self._changed.notify_all()

    def enter(self, ticket: Ticket) -> None:
        """Wait for the ticket's turn, and take the models. Raises Stopped where it was stopped before."""
        with self._changed:
            self._changed.wait_for(lambda: ticket.stopped or self._is_next(ticket))
            if ticket.stopped:
                raise Stopped("Stopped.")
            self._take(ticket)

    def between_passes(self, ticket: Ticket) -> float:
        """Let those go first who may. Returns the seconds waited; the ticket has the models again."""
        started = monotonic()
        with self._changed:
            if ticket.short and self._computed(ticket) > SHORT_SECONDS:
                ticket.short = False
            following = self._next()
            if following is None or following.order() > ticket.order():
                return 0.0
            self._hand_over(ticket)
            ticket.handed_over = monotonic()
            self.waiting.append(ticket)
            self._changed.wait_for(lambda: self._is_next(ticket))  # a stopped one still ends its work in turn
            self._take(ticket)
        return monotonic() - started

    def is_shared(self) -> bool:
        """Short jobs come between the passes now."""
        return monotonic() < self._short_came + SHARED_SECONDS

    def leave(self, ticket: Ticket) -> None:
        """The job is over, or gave up waiting."""
        with self._changed:
            if ticket in self.waiting:
                self.waiting.remove(ticket)
            if self.at_work is ticket:
                self._hand_over(ticket)
                if not (ticket.proving or ticket.stopped):
                    self._record(ticket, ticket.seconds)
            self._changed.notify_all()

    def stop(self, ticket: Ticket) -> None:
        """Its job is to end. One that has not begun loses its place at once."""
        with self._changed:
            ticket.stopped = True
            if not ticket.began and ticket in self.waiting:
                self.waiting.remove(ticket)
            self._changed.notify_all()

    def close(self) -> None:
        """The process is about to end: so do all jobs, since a thread cut off in a pass brings it down."""
        with self._changed:
            for ticket in self._present():
                ticket.stopped = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.at_work is None, CLOSING_SECONDS)

    def place(self, ticket: Ticket) -> Place | None:
        """Where the ticket stands, None once it has begun."""
        with self._changed:
            if ticket.began or ticket not in self.waiting:
                return None
            first = [other for other in self._present() if other.order() < ticket.order()]
            expected = self._expected(first)
        return Place(len(first), None if expected is None else round(expected))

    def _record(self, ticket: Ticket, seconds: float) -> None:
        if ticket.typical:
            self.pace.record(ticket.kind, seconds, ticket.size)

    def _expected(self, tickets: list[Ticket]) -> float | None:
        """Seconds that they take one after the other, None where that is not known of each."""
        left = [seconds for ticket in tickets if (seconds := self._left(ticket)) is not None]
        return sum(left) if len(left) == len(tickets) else None

    def expected(self, kind: str, size: float) -> float | None:
        """Seconds that such a job takes once its turn has come, as the last ones did; None before any."""
        with self._changed:
            return self.pace.expected(kind, size)

    def _left(self, ticket: Ticket) -> float | None:
        expected = self.pace.expected(ticket.kind, ticket.size)
        return None if expected is None else max(0.0, expected - self._computed(ticket))

    def _refusal(self, ticket: Ticket, own: int) -> str:
        if own >= deployment().waiting_each:
            return f"{own} runs of yours wait already. Let some of them end first."
        seconds = self._expected(self._foreground())
        when = "in a few minutes" if seconds is None else f"in about {max(1, round(seconds / 60))} min"
        waiting = len(self._waiting_like(ticket))
        return f"The line is full: {waiting} runs wait. Nothing is lost; please try again {when}."

    def _present(self) -> list[Ticket]:
        return [*self.waiting, *([self.at_work] if self.at_work else [])]

    def _foreground(self) -> list[Ticket]:
        return [ticket for ticket in self._present() if not ticket.background]

    def _waiting_like(self, ticket: Ticket) -> list[Ticket]:
        """Who waits in front, short ones for a short one, else long ones."""
        return [other for other in self.waiting if not other.background and other.short == ticket.short]

    def _next(self) -> Ticket | None:
        """Nothing new begins in the background while somebody waits for a model to load."""
        loading = any(not (ticket.ready or ticket.background) for ticket in self.waiting)
        able = [t for t in self.waiting if t.ready and not (loading and t.background and not t.began)]
        return min(able, key=Ticket.order, default=None)

    def _is_next(self, ticket: Ticket) -> bool:
        return self.at_work is None and self._next() is ticket

    def _take(self, ticket: Ticket) -> None:
        self.waiting.remove(ticket)
        self.at_work, ticket.began, ticket.since, ticket.handed_over = ticket, True, monotonic(), None

    def _hand_over(self, ticket: Ticket) -> None:
        ticket.seconds, self.at_work = self._computed(ticket), None
        self._changed.notify_all()

    def _computed(self, ticket: Ticket) -> float:
        running = monotonic() - ticket.since if self.at_work is ticket else 0.0
        return ticket.seconds + running
