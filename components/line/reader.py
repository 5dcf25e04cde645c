"""One who reads a job: from its first event on, however late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from threading import Event
from time import monotonic

from components.line.job import Job
from components.line.ticket import Place
from explainers.streams.events import shared

REFRESH_SECONDS = 0.12  # the page is sent at most eight updates a second
WAITING_SECONDS = 0.5  # and two while it waits


class Reader:
    """Reads a job that it has joined. returns: its page may be left and come back. run: the name by which it
    does, "" for none. late: much has been said already. replaced: another run fills the same views. gone:
    nothing more of it is shown. replaces: `gone` of the one whose views it fills. stopped: nobody wants more
    of it, though it may still say something."""

    def __init__(self, job: Job, returns: bool = False):
        self.job, self.run, self.replaced, self.late = job, "", False, bool(job.events)
        self.stopped = False
        self.gone, self.replaces = Event(), Event()
        self.replaces.set()
        self._returns, self._read = returns, 0
        self._left = self._ended = False
        self._said: Place | None = None

    @property
    def passes_done(self) -> int:
        return self.job.passes_done

    def updates(self) -> Iterator[list[shared.Event]]:
        """Lists of the events since the last update, empty when nothing came, until the stream ends.

        While it waits there are `queued` events: {"ahead": how many go first, "seconds": about how long
        that takes, or None}. The last event is an `error` or `stopped` where it ended early. Closing this
        iterator leaves the job."""
        self.job.begin()
        try:
            while not self._ended:
                yield self._collect()
        finally:
            self.leave()

    async def awaited_updates(self) -> AsyncGenerator[list[shared.Event]]:
        """As `updates`, for a caller that may be cancelled while it waits."""
        self.job.begin()
        try:
            while True:
                yield self._take()
                if self._ended:
                    return
                await asyncio.sleep(REFRESH_SECONDS)
        finally:
            self.leave()

    def stop(self) -> None:
        """End the job, and read what it still says; where others read it, end the reading alone."""
        self.stopped = True
        self._returns, self._left = False, self.job.is_read_by_others(self)
        self.job.leave(self)

    def replace(self) -> None:
        """Another run fills the same views: end without a word."""
        with self.job.changed:
            self.replaced = True
            self.job.changed.notify_all()
        self.stop()

    def leave(self) -> None:
        """The page is gone."""
        self.job.leave(self, self._returns)

    def _collect(self) -> list[shared.Event]:
        job, until = self.job, monotonic() + (REFRESH_SECONDS if self.job.at_work else WAITING_SECONDS)
        with job.changed:
            job.changed.wait_for(lambda: self._is_over() or len(job.events) > self._read, until - monotonic())
            job.changed.wait_for(self._is_over, min(until - monotonic(), REFRESH_SECONDS))
            return self._take()

    def _take(self) -> list[shared.Event]:
        """What there is to read."""
        with self.job.changed:
            events = self.job.events[self._read :]
            self._read, self._ended = self._read + len(events), self._is_over()
        if self._left or self.replaced:
            return [*events, {"type": "stopped", "text": "Stopped."}]
        return [*events, *self._queued(again=bool(events))]

    def _is_over(self) -> bool:
        return self._left or self.replaced or self.job.over

    def _queued(self, again: bool) -> list[shared.Event]:
        """Where the job stands, when that has changed or is to be said again."""
        place = self.job.place
        if place is None or not place.ahead or (place == self._said and not again):
            return []
        self._said = place
        return [{"type": "queued", "ahead": place.ahead, "seconds": place.seconds}]
