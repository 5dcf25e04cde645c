"""Work done once, in a thread of its own, for all who wait for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Generic, TypeVar

from explainers.core.errors import Stopped

Result = TypeVar("Result")
Check = Callable[[], None]  # called again and again while something takes long; may raise Stopped to end it
POLL = 0.1  # seconds between two checks of one who waits


class SharedWork(Generic[Result]):
    """work: called with a check of its own, which raises Stopped once nobody waits any more.

    Whoever makes it waits for it; others may after `join`.
    """

    def __init__(self, work: Callable[[Check], Result]):
        self._future: Future[Result] = Future()
        self._waiting, self._given_up, self._lock = 1, False, Lock()
        Thread(target=self._run, args=(work,), daemon=True).start()

    def join(self) -> bool:
        """Be one more who waits; False where the work is over or was given up."""
        with self._lock:
            open_to_others = not self._given_up and not self._future.done()
            self._waiting += open_to_others
            return open_to_others

    def wait(self, check: Check) -> Result:
        """The result, or what the work raised. check: where it raises, this caller alone stops waiting."""
        try:
            while True:
                check()
                try:
                    return self._future.result(timeout=POLL)
                except TimeoutError:
                    if self._future.done():
                        raise
        finally:
            with self._lock:
                self._waiting -= 1

    def _run(self, work: Callable[[Check], Result]) -> None:
        try:
            self._future.set_result(work(self._check))
        except BaseException as error:
            self._future.set_exception(error)

    def _check(self) -> None:
        with self._lock:
            self._given_up = self._given_up or not self._waiting
        if self._given_up:
            raise Stopped("Nobody waits for this any more.")
