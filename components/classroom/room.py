"""A room of a class: who is in, what they sent, and what each may see. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from secrets import token_urlsafe

import segno

from components.classroom.class_round import ClassRound
from explainers.core.deployment import deployment
from explainers.core.unicode import nickname

NAME_CHARS = 24
LEADERS = 10


@dataclass
class Student:
    """name: "" where none was given. scores: 0 to 1, by round; the first guess of a round counts. changes:
    how often this one has sent marks, which a second page of the same student is to show. joined, seen: when
    it came, and when its page last asked for what is new."""

    name: str = ""
    joined: float = 0.0
    seen: float | None = None
    changes: int = 0
    scores: dict[tuple[str, str, int], float] = field(default_factory=dict)

    def points(self) -> int:
        return round(100 * sum(self.scores.values()))


@dataclass(eq=False)
class Room:
    """address: of the page that students open, without the code. changes, changes_for_teacher: how often what
    is seen has changed. used: when somebody last did something. session: of the model's work in the line;
    nobody may know it, since whoever names a session may leave it.
    """

    code: str
    address: str
    used: float
    students: dict[str, Student] = field(default_factory=dict)  # by their keys
    played: ClassRound | None = None
    leaderboard: bool = True
    changes: int = 0
    changes_for_teacher: int = 0
    session: str = field(default_factory=token_urlsafe)
    _for_all: tuple[int, dict] = (-1, {})  # what all students are shown, and after how many changes

    def join(self, key: str, name: str, now: float) -> None:
        """One more student. name: untrusted; "" for none."""
        self.students[key] = Student(self._free_name(name), now)

    def rename(self, key: str, name: str) -> None:
        """By a name that is new and not empty. name: untrusted."""
        if nickname(name, NAME_CHARS) not in ("", self.students[key].name):
            self.students[key].name = self._free_name(name)

    def seen(self, key: str, now: float) -> Student:
        """The student, whose page is there."""
        self.students[key].seen = now
        return self.students[key]

    def unused(self, seen_before: float, unseen_before: float) -> list[str]:
        """Keys of those who never sent marks and were last seen before, or never since they came before."""
        return [
            key
            for key, student in self.students.items()
            if not student.changes
            and (student.joined < unseen_before if student.seen is None else student.seen < seen_before)
        ]

    def add_scores(self) -> None:
        """Add the scores of the revealed round, as far as they are there, to those of the students."""
        played = self.played
        if not played or not played.is_revealed:
            return
        asked = played.round.task, played.round.text, played.round.k
        for key in played.guesses.keys() & self.students.keys():
            scored = played.score_of(key)
            if scored and scored["score"] is not None:
                self.students[key].scores.setdefault(asked, scored["score"])

    @property
    def link(self) -> str:
        return f"{self.address}?room={self.code}"

    @property
    def phase(self) -> str:
        if not self.played:
            return "lobby"
        return "revealed" if self.played.is_revealed else "marking"

    def leaders(self) -> list[dict] | None:
        """[{"place", "name", "points"}] of the best who gave a name; None where the teacher shows none."""
        if not self.leaderboard:
            return None
        named = [student for student in self.students.values() if student.name and student.scores]
        ordered = sorted(named, key=lambda student: -student.points())[:LEADERS]
        points = [student.points() for student in ordered]
        return [
            {"place": points.index(own) + 1, "name": student.name, "points": own}
            for student, own in zip(ordered, points, strict=True)
        ]

    def shown(self) -> dict:
        """What everybody in the room may see: not the code, which is on the projector."""
        shown = {"phase": self.phase, "leaders": self.leaders()}
        return shown | {"round": self.played.shown() if self.played else None}

    def shown_to_teacher(self) -> dict:
        """Counts, the state of the model's work, and the link beside it."""
        played = self.played
        return self.shown() | {
            "code": self.code,
            "link": self.link,
            "qr": qr_code(self.link),
            "joined": len(self.students),
            "full": len(self.students) >= deployment().students,
            "answered": len(played.guesses) if played else 0,
            "leaderboard": self.leaderboard,
            "status": played.progress.value() if played else None,
        }

    def shown_to(self, key: str) -> dict:
        """A student's own marks and score beside it."""
        student, played = self.students[key], self.played
        scored = played.score_of(key) if played and played.is_revealed else None
        me = {
            "name": student.name,
            "marks": played.guesses.get(key, []) if played else [],
            "points": student.points(),
            "score": None if not scored or scored["score"] is None else scored["score"],
            "sentence": scored["sentence"] if scored else "",
        }
        if self._for_all[0] != self.changes:
            self._for_all = self.changes, self.shown()  # once for all of them
        return self._for_all[1] | {"me": me}

    def _free_name(self, name: str) -> str:
        """The name as it is seen, with a number where somebody has it already."""
        name = nickname(name, NAME_CHARS)
        taken = {student.name for student in self.students.values()}
        others = (f"{name} {n}" for n in range(2, len(taken) + 3))
        return name if not name or name not in taken else next(o for o in others if o not in taken)


@lru_cache
def qr_code(link: str) -> str:
    """A picture of the link, an SVG as a data address."""
    return segno.make(link, error="m", micro=False).svg_data_uri(border=4, light="#fff")
