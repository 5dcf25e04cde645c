"""What a round shows, built up from the events of `explainers.streams.game`. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from components.page.stream_view import StreamView
from components.page.views import Values
from explainers.reports.answer_diff import diff_words
from explainers.reports.numbers import fixed
from explainers.streams.game.rounds import GENERATION, Round

SHORTEST = 0.001  # nats that a full bar stands for, at least
WAITS = "The answer appears here as soon as the model has written it."


@dataclass
class GuessView(StreamView):
    """The "board", once there are words, and the "reveal".

    guess: the marks that are to be revealed, None while they are still made.
    """

    NAMES: ClassVar = {"guess": "Your marks", "best": "The best set", "method": "", "random": "Random marks"}

    round: Round
    guess: list[int] | None = None
    spans: list[dict] = field(default_factory=list)
    answer: str | None = None
    revealed: dict = field(default_factory=dict)
    rewritten: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def values(self, passes_done: int = 0) -> Values:
        shown = super().values(passes_done) | {"reveal": self.reveal()}
        return shown | ({"board": self.board()} if self.spans else {})

    def board(self) -> dict:
        best = self.revealed["best"]["removed"] if self.revealed else None
        return {
            "text": self.round.text,
            "spans": [self._span(t, span, best) for t, span in enumerate(self.spans)],
            "question": self.round.question or f"Which {self._count()} could the model not do without?",
            "k": self.round.k,
            "unit": self.round.unit,
            "granularity": self.round.unit,
            "selected": self.guess or [],
            "selectable": self.guess is None,
            "best": best,
            "size": "large",
        }

    def reveal(self) -> dict:
        """{"answer_title", "answer", "waiting", "rows"} and, once revealed, "score", "sentence", "notice".

        A row is a set: its "who", "name", "words", "numbers", "note", "answer" (pieces of `diff_words`, None
        until written) and "bar", as "range" a share of the longest.
        """
        titles = {"answer_title": self._answer_title(), "answer": self.answer or "", "waiting": WAITS}
        if not (done := self.revealed):
            return titles | {"rows": []}
        score = "No score" if done["score"] is None else f"{done['score']:.0%}"
        told = {"score": score, "sentence": done["sentence"], "notice": self.round.notice}
        shown = {who: done[who] for who in self.NAMES if done[who]}
        longest = max(SHORTEST, done["random"]["high"], *(found["drop"] for found in shown.values()))
        return titles | told | {"rows": [self._row(who, found, longest) for who, found in shown.items()]}

    def _row(self, who: str, found: dict, longest: float) -> dict:
        words = [self.spans[t]["text"] for t in found["removed"]]
        row = {
            "who": who,
            "name": self.NAMES[who] or found["title"],
            "words": words,
            "bar": max(found["drop"], 0) / longest,
            "numbers": f"{_fall(found['drop'])}, probability ratio {found['probability_ratio']:.3g}",
            "note": "",
            "answer": self._answer_without(who),
        }
        if who != "random":
            return row
        reach = f"{len(found['sets'])} draws, {fixed(found['low'])} to {fixed(found['high'])} nats."
        return row | {
            "words": [],
            "range": [max(found[end], 0) / longest for end in ("low", "high")],
            "numbers": f"On average: {row['numbers']}",
            "note": f"{reach} A typical one: {', '.join(words)}",
        }

    def _answer_without(self, who: str) -> list[list[str]] | None:
        text = self.rewritten.get(who)
        if text is None:
            return None
        return diff_words(self.answer, text)["masked"] if self.round.task == GENERATION else [["same", text]]

    def _answer_title(self) -> str:
        return "The model's answer" if self.round.task == GENERATION else "The model's class"

    def _count(self) -> str:
        return f"{self.round.k} {self.round.unit}{'s' if self.round.k != 1 else ''}"

    def _span(self, index: int, span: dict, best: list[int] | None) -> dict:
        said = [("marked", index in (self.guess or []))] if best is not None else []
        said += [("in the best set", index in (best or []))]
        return {**span, "score": None, "removed": False, "lines": [text for text, true in said if true]}

    def on_words(self, event: dict) -> None:
        self.spans = event["spans"]

    def on_response(self, event: dict) -> None:
        self.answer = event["text"]

    def on_search(self, event: dict) -> None:
        self.progress.measure("Searching for the best set", event["passes"])

    def on_step(self, event: dict) -> None:
        self.progress.step(event["step"], event["total"])
        marking = f"Mark {self._count()}, then press Reveal. " if self.guess is None else ""
        self.progress.text = f"{marking}Looking for the best set: {event['step']} of {event['total']}"

    def on_prepared(self, event: dict) -> None:
        self.notes = event["notes"]
        if self.guess is None:
            self.progress.end("done", " ".join([f"Mark {self._count()}, then press Reveal.", *self.notes]))

    def on_revealed(self, event: dict) -> None:
        self.revealed = event
        self.progress.say("Writing the answers without the marked words")

    def on_rewritten(self, event: dict) -> None:
        self.rewritten[event["who"]] = event["text"]

    def on_played(self, event: dict) -> None:
        said = ["Revealed.", self.revealed["best"]["certificate"], *self.notes]
        self.progress.end("done", " ".join(filter(None, said)))

    def on_stopped(self, event: dict) -> None:
        self.progress.end("stopped", f"{event['text']} Reveal goes on from here.")


def _fall(drop: float) -> str:
    return f"log p {'falls' if drop >= 0 else 'rises'} by {abs(drop):.2f} nats"
