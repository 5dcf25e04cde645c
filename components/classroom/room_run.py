"""The model's work for a round of a room, once for all: two threads for each round, through the line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread

from components.classroom.class_round import ClassRound
from components.classroom.room import Room
from components.classroom.rooms import Rooms
from components.line.reader import Reader
from components.line.results import question
from components.line.work import Work
from components.runner import RUNNER
from explainers.core.errors import MaskwiseError
from explainers.streams.events.shared import Event
from explainers.streams.game.guessing import play, rehearse, score_guesses
from explainers.streams.game.known_rounds import forget
from explainers.streams.game.rounds import ready_rounds

GATHER_SECONDS = 2.0  # for guesses that come together
FULL_SECONDS = 5.0  # until a line that was full is asked again
SAID_BEFORE = frozenset({"status", "words", "response", "search", "step", "prepared"})  # by the rehearsal


@dataclass(frozen=True)
class RoomRun:
    """Finds what no guess changes, scores guesses as they come from then on, and plays the guess of the class
    once it is revealed. Another round, or the end of the room, ends it."""

    rooms: Rooms
    room: Room
    played: ClassRound

    def begin(self) -> None:
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        rehearsal = Thread(target=self._rehearse, daemon=True)
        rehearsal.start()
        try:
            self._play()
        finally:
            rehearsal.join()
            if self.played.round not in ready_rounds():
                forget(self.played.round)

    def _rehearse(self) -> None:
        """The best set, and then the answers without each set, which no score waits for."""
        self._follow(self._work("rehearsal", rehearse))

    def _play(self) -> None:
        while self._waits_for_guesses():
            if guesses := self._unscored():
                self._follow(self._work("scores", score_guesses, guesses), SAID_BEFORE)
            else:
                RUNNER.dismiss(*self.slot("rehearsal"))  # what it has not written yet, the reveal does
                self._follow(self._work("reveal", play, self.played.together()), SAID_BEFORE)
                return

    def _waits_for_guesses(self) -> bool:
        """Until the best set is found and there are some, or no more will come; False where the round is over
        before it is revealed."""
        played, changed = self.played, self.rooms.changed
        with changed:
            changed.wait_for(lambda: played.over or played.is_prepared or played.has_failed)
            if played.has_failed:
                return False
            changed.wait_for(lambda: played.over or played.is_revealed or played.unscored())
            changed.wait_for(lambda: played.over or played.is_revealed, GATHER_SECONDS)
        return not played.over

    def _unscored(self) -> list[list[int]]:
        with self.rooms.changed:
            return self.played.unscored()

    def _work(self, kind: str, stream: Callable[..., Iterator[Event]], *guesses: object) -> Work:
        round, subject = self.played.round, self.played.round.subject()
        return Work(
            lambda hook: stream(round, *guesses, hook),
            kind,
            subject.request.model,
            subject.task,
            short=bool(guesses),
            question="" if guesses else question(kind, round),
            kept=False,
        )

    def _follow(self, work: Work, left_out: frozenset[str] = frozenset()) -> None:
        """Tell the room what the work says, but for events of these types."""
        if not (reader := self._reader(work)):
            return
        try:
            for events in reader.updates():
                if self.played.over or reader.replaced:
                    return
                self._tell([event for event in events if event["type"] not in left_out])
        finally:
            RUNNER.end(reader)

    def _reader(self, work: Work) -> Reader | None:
        """Asks until the line takes the work; None where the round is over before that."""
        while not self.played.over:
            try:
                return RUNNER.start(*self.slot(work.kind), work)
            except MaskwiseError as full:
                self._tell([{"type": "status", "text": f"{full} This page tries by itself."}])
                with self.rooms.changed:
                    self.rooms.changed.wait_for(lambda: self.played.over, FULL_SECONDS)
        return None

    def slot(self, kind: str) -> tuple[str, str]:
        """The session and slot of a work of this kind."""
        return self.room.session, f"round {self.played.number} {kind}"

    def _tell(self, events: list[Event]) -> None:
        self.rooms.tell(self.room, self.played, events)
