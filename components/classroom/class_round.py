"""A round that a class plays together: the guesses sent, and what all may see of it. Plain values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from components.classroom.guess_view import GuessView
from explainers.core.errors import MaskwiseError
from explainers.streams.events.shared import Event
from explainers.streams.game.guessing import check_guess

READY = "The best set is found. Reveal it when enough have sent their marks."
BINS = 10  # of the spread of scores
# Events after which everybody's page is told at once.
NEWS = {"words", "search", "prepared", "scored", "revealed", "played", "error", "stopped"}


@dataclass
class ClassRound(GuessView):
    """number: of the round in its room. guesses: by student, as sent last. is_prepared: the best set is
    found. scored: ScoredGuess by its words. over: no more events will come."""

    NAMES: ClassVar = GuessView.NAMES | {"guess": "The class together"}

    number: int = 1
    guesses: dict[str, list[int]] = field(default_factory=dict)
    is_revealed: bool = False
    is_prepared: bool = False
    scored: dict[tuple[int, ...], dict] = field(default_factory=dict)
    over: bool = False

    def mark(self, student: str, marks: list[int]) -> None:
        """Raises MaskwiseError for marks that are not k words of the text, and after the reveal."""
        if self.is_revealed:
            raise MaskwiseError(
                "The round is revealed already: marks are no longer taken. Wait for the next one."
            )
        if not self.spans:
            raise MaskwiseError("The words are not there yet. Wait a moment.")
        check_guess(marks, self.round.k, len(self.spans))
        self.guesses[student] = sorted(marks)

    def end_marking(self) -> None:
        """Raises MaskwiseError where nobody has sent marks. A second click does nothing."""
        if self.is_revealed:
            return
        if not self.guesses:
            raise MaskwiseError("Nobody has sent marks yet. Wait until somebody has.")
        self.is_revealed = True
        self.progress.say("Scoring the marks")

    def together(self) -> list[int]:
        """The guess of the class: the k words that most chose; of equally many, the first in the text."""
        votes = self._votes()
        return sorted(sorted(votes, key=lambda t: (-votes[t], t))[: self.round.k])

    @property
    def has_failed(self) -> bool:
        return self.progress.state in ("error", "stopped")

    def unscored(self) -> list[list[int]]:
        """Guesses, each once, that have no score yet."""
        return [list(words) for words in {*map(tuple, self.guesses.values())} - self.scored.keys()]

    def score_of(self, student: str) -> dict | None:
        """The ScoredGuess of a student, None where there is none yet."""
        return self.scored.get(tuple(self.guesses.get(student, ())))

    def is_news(self, event: Event) -> bool:
        """Whether everybody sees something new once this event is added."""
        return event["type"] in NEWS

    def _votes(self) -> Counter[int]:
        return Counter(t for marks in self.guesses.values() for t in marks)

    def shown(self) -> dict:
        """What everybody in the room may see: before the reveal nothing of the guesses or the best set."""
        about = {"title": self.round.title, "k": self.round.k, "unit": self.round.unit, "number": self.number}
        failed = self.progress.text if self.has_failed else ""
        shown = about | {"board": self.board() if self.spans else None, "failed": failed}
        if not self.is_revealed:
            return shown | {"reveal": self.reveal() | {"rows": []}}
        return shown | {"strip": self.strip(), "reveal": self.reveal(), "spread": self.spread()}

    def strip(self) -> dict:
        """The words, each with how many chose it: its score is the share of those who sent marks."""
        votes, of = self._votes(), len(self.guesses)
        best = self.revealed["best"]["removed"] if self.revealed else None
        spans = [
            {
                **span,
                "score": votes[t] / of if votes[t] else None,
                "count": votes[t],
                "lines": ["in the best set"] * (t in (best or [])),
            }
            for t, span in enumerate(self.spans)
        ]
        return self.board() | {"spans": spans, "best": best, "limit": 1, "of": of, "selectable": False}

    def spread(self) -> dict | None:
        """{"bins": how many students in each tenth of 0 to 100%, "median", "together": shares as text}."""
        sent = [one for student in self.guesses if (one := self.score_of(student))]
        scores = [one["score"] for one in sent if one["score"] is not None]
        if not scores or not self.revealed:
            return None
        tenths = Counter(min(int(score * BINS), BINS - 1) for score in scores)
        together = self.revealed["score"]
        return {
            "bins": [tenths[n] for n in range(BINS)],
            "median": f"{median(scores):.0%}",
            "together": f"{together:.0%}",
        }

    def reveal(self) -> dict:
        shown = super().reveal()
        return shown | {"sentence": self._class_sentence()} if self.revealed else shown

    def _class_sentence(self) -> str:
        if not (spread := self.spread()):
            return self.revealed["sentence"]
        best = f"The words that most of you chose reach {spread['together']} of what the best set does."
        return f"{best} Half of you reach {spread['median']} or more alone."

    def _end_ready(self) -> None:
        self.progress.end("done", " ".join([READY, *self.notes]))

    def on_scored(self, event: dict) -> None:
        self.scored |= {tuple(one["removed"]): one for one in event["guesses"]}
        if not self.is_revealed:
            self._end_ready()

    def on_step(self, event: dict) -> None:
        super().on_step(event)
        self.progress.text = f"Looking for the best set: {event['step']} of {event['total']}"

    def on_prepared(self, event: dict) -> None:
        self.notes, self.is_prepared = event["notes"], True
        self._end_ready()

    def on_stopped(self, event: dict) -> None:
        self.progress.end("stopped", event["text"])
