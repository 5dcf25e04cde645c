"""A job's place in the line, and who of two goes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from time import monotonic

AWAY_SECONDS = 1.0  # for so long a long job lets short ones go first; then it has a pass
_numbers = count()


@dataclass(eq=False)
class Ticket:
    """A place in the line.

    session: whose turn it takes. kind: as in `Work.pace`. short: it goes between the passes of a long job.
    size: of the work, in its kind's own unit. ready: False while its model loads; others go first meanwhile.
    proving: its result is shown, and now it proves that. unread: its page was left, and may come back.
    typical: False where earlier runs had done a part of its work, so that its time says nothing of others'.
    """

    session: str
    kind: str
    short: bool = False
    size: float = 1.0
    ready: bool = True
    proving: bool = False
    unread: bool = False
    typical: bool = True
    stopped: bool = False
    began: bool = False
    seconds: float = 0.0  # with the models, until the last time they were handed over
    since: float = 0.0  # when it took the models last
    handed_over: float | None = None  # when it handed them over between two passes, until it has them again
    turn: int = 0
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def background(self) -> bool:
        """Nobody waits for it: it gives way to everybody between two passes, and is no session's turn."""
        return (self.proving or self.unread) and not self.stopped

    def order(self) -> tuple[bool, bool, bool, int, int]:
        """Who has the lowest goes first: background last, short before long, begun before new, then sessions
        in turn. What a stopped job still does is short, and so is the next pass of one that handed the
        models over long ago, or a flood of clicks would hold it up for good."""
        overdue = self.handed_over is not None and monotonic() - self.handed_over > AWAY_SECONDS
        short = self.short or self.stopped or overdue
        return self.background, not short, not self.began, self.turn, self.number


@dataclass(frozen=True)
class Place:
    """ahead: how many go first. seconds: until its turn, whole; None where nothing has been measured yet."""

    ahead: int
    seconds: int | None
