"""All rooms of this process, by keys that nobody can guess. Plain Python, in memory alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from secrets import choice, token_urlsafe
from threading import Condition
from time import monotonic

from components.classroom.class_round import ClassRound
from components.classroom.limits import Allowance
from components.classroom.room import Room
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.streams.events.shared import Event
from explainers.streams.game.rounds import Round

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no digits that look like letters, and no vowels that make words
CODE_LETTERS = 6
KEY_BYTES = 16
IDLE_SECONDS = 3600.0
SILENT_SECONDS = 60.0  # after which a place in a full room that was never used is free again
UNSEEN_SECONDS = 10.0  # after which it is where its page has never asked for anything

WRONG_CODE = "There is no room with this code. Look at the projector once more."
TOO_MANY_WRONG = "Too many wrong codes came from your network. Wait a minute, then try again."
TOO_MANY_OPENED = "Many rooms were opened from your network. Wait a minute, then try again."
ENDED = (
    "This room has ended, or your place was given away while you were gone or had sent no marks. Join with "
    "the code that your teacher shows now."
)
NO_ROUND = "No round has begun yet."


class RoomEnded(MaskwiseError):
    """The key opens nothing, or nothing any more."""


class Rooms:
    """All rooms, by keys that nobody can guess: a teacher's, and one for each student.

    Raises RoomEnded for a key that opens nothing, MaskwiseError for what cannot be done. As many rooms and
    students as the deployment allows. changed: of guesses, reveals, ends and what the model says, for whoever
    works for a room.
    """

    def __init__(self, now: Callable[[], float] = monotonic):
        self.changed = Condition()
        self._now = now
        self._rooms: dict[str, Room] = {}  # by code
        self._teachers: dict[str, Room] = {}
        self._students: dict[str, Room] = {}
        self._wrong = Allowance(60, 1.0, now)  # a class of 60 may have one address
        self._opened = Allowance(10, 60.0, now)

    # The teacher

    def open(self, address: str, visitor: str = "") -> str:
        """Returns the teacher's key."""
        with self._locked():
            if not self._opened.is_left(visitor):
                raise MaskwiseError(TOO_MANY_OPENED)
            if len(self._rooms) >= (most := deployment().rooms):
                raise MaskwiseError(f"{most} rooms are open already. Please try again later.")
            self._opened.spend(visitor)
            key, code = token_urlsafe(KEY_BYTES), self._new_code()
            self._rooms[code] = self._teachers[key] = Room(code, address, self._now())
            return key

    def begin(self, key: str, round: Round) -> ClassRound:
        """A new round, in the place of the one before."""
        with self._locked():
            room = self._led(key)
            number = room.played.number + 1 if room.played else 1
            if room.played:
                room.played.over = True
            room.played = ClassRound(round, number=number)
            self._changed_for_all(room)
            return room.played

    def reveal(self, key: str) -> ClassRound:
        """Raises MaskwiseError where nobody has sent marks."""
        with self._locked():
            room = self._led(key)
            if not room.played:
                raise MaskwiseError(NO_ROUND)
            room.played.end_marking()
            self._changed_for_all(room)
            return room.played

    def show_leaders(self, key: str, shown: bool) -> None:
        with self._locked():
            room = self._led(key)
            room.leaderboard = shown
            self._changed_for_all(room)

    def renew_code(self, key: str) -> None:
        """Another code, and free places: whoever never sent marks has to join again, with that code.

        So a teacher gets a room back that somebody has filled: those inside are not told the code.
        """
        with self._locked():
            room = self._led(key)
            self._lock_out(room, room.unused(inf, inf))

    def empty(self, key: str) -> None:
        """Another code, and nobody inside: all have to join again, with that code, and points are lost.

        So a teacher gets a room back in which somebody has sent marks from many places.
        """
        with self._locked():
            room = self._led(key)
            self._lock_out(room, list(room.students))

    def end(self, key: str) -> None:
        with self._locked():
            self._close(self._led(key))

    def led(self, key: str) -> Room:
        """The room of a teacher's key."""
        with self._locked():
            return self._led(key)

    # Students

    def join(self, code: str, name: str = "", visitor: str = "", seat: str = "") -> str:
        """Returns the student's key. Wrong codes are counted by visitor, and then no code is tried.

        seat: a key that the browser has already; of a place in this room, it keeps that place. In a full room
        the places of those who are gone and never sent marks are free, so that nobody can fill it alone.
        """
        with self._locked():
            if not self._wrong.is_left(visitor):
                raise MaskwiseError(TOO_MANY_WRONG)
            room = self._rooms.get("".join(code.split()).upper())
            if room is None:
                self._wrong.spend(visitor)
                raise MaskwiseError(WRONG_CODE)
            if seat in room.students:
                room.rename(seat, name)
                self._changed_for_all(room)
                return seat
            most = deployment().students
            if len(room.students) >= most:
                self._free_places(room)
            if len(room.students) >= most:
                raise MaskwiseError(f"The room is full: {most} are in it. Ask your teacher.")
            key = token_urlsafe(KEY_BYTES)
            room.join(key, name, self._now())
            self._students[key] = room
            self._changed_for_teacher(room)
            return key

    def mark(self, key: str, marks: list[int]) -> None:
        """Send marks, in the place of those before. marks: untrusted."""
        with self._locked():
            room = self._students.get(key)
            if not room:
                raise RoomEnded(ENDED)
            if not room.played:
                raise MaskwiseError(NO_ROUND)
            room.played.mark(key, marks)
            room.students[key].changes += 1
            self._changed_for_teacher(room)

    # Whoever looks

    def tag(self, key: str) -> str:
        """A text that is another one whenever what this key is shown has changed."""
        with self.changed:
            if room := self._teachers.get(key):
                return f"{room.changes}.{room.changes_for_teacher}"
            if room := self._students.get(key):
                return f"{room.changes}.{room.seen(key, self._now()).changes}"
        raise RoomEnded(ENDED)

    def state(self, key: str) -> dict:
        """What this key is shown; plain values."""
        with self.changed:
            if room := self._teachers.get(key):
                return room.shown_to_teacher()
            if room := self._students.get(key):
                return room.shown_to(key)
        raise RoomEnded(ENDED)

    # The model's work

    def tell(self, room: Room, played: ClassRound, events: list[Event]) -> None:
        """What the model's run says of a round."""
        with self.changed:
            for event in events:
                played.add(event)
            room.add_scores()
            room.changes_for_teacher += bool(events)
            room.changes += any(map(played.is_news, events))
            self.changed.notify_all()

    def sweep(self) -> int:
        """End the rooms in which nothing was done for an hour; returns how many are left."""
        with self.changed:
            for room in list(self._rooms.values()):
                if room.used < self._now() - IDLE_SECONDS:
                    self._close(room)
            return len(self._rooms)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the rooms for oneself, those that have ended already left out."""
        with self.changed:
            self.sweep()
            yield

    def _led(self, key: str) -> Room:
        if not (room := self._teachers.get(key)):
            raise RoomEnded(ENDED)
        return room

    def _free_places(self, room: Room) -> None:
        now = self._now()
        self._put_out(room, room.unused(now - SILENT_SECONDS, now - UNSEEN_SECONDS))

    def _put_out(self, room: Room, keys: list[str]) -> None:
        for key in keys:
            del room.students[key], self._students[key]
            if room.played and not room.played.is_revealed:
                room.played.guesses.pop(key, None)

    def _lock_out(self, room: Room, keys: list[str]) -> None:
        """Put these out, and give the room another code, without which they do not come back."""
        del self._rooms[room.code]
        room.code = self._new_code()
        self._rooms[room.code] = room
        self._put_out(room, keys)
        self._changed_for_all(room)

    def _close(self, room: Room) -> None:
        del self._rooms[room.code]
        for seats in (self._teachers, self._students):
            for key in [key for key, other in seats.items() if other is room]:
                del seats[key]
        if room.played:
            room.played.over = True
        self.changed.notify_all()

    def _changed_for_all(self, room: Room) -> None:
        """What everybody in the room is shown has changed."""
        room.changes += 1
        self._changed_for_teacher(room)

    def _changed_for_teacher(self, room: Room) -> None:
        """What its teacher is shown has changed, at least."""
        room.changes_for_teacher += 1
        room.used = self._now()
        self.changed.notify_all()

    def _new_code(self) -> str:
        code = "".join(choice(LETTERS) for _ in range(CODE_LETTERS))
        return self._new_code() if code in self._rooms else code
