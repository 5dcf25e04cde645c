"""Rounds of the guessing game: a text, a question, and how many of its words to mark."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache

from explainers.streams.checks import check_choice, check_range, check_text
from explainers.streams.classification import ClassificationRequest
from explainers.streams.generation import MAX_PROMPT_CHARS, GenerationRequest
from explainers.streams.guess_subjects import LabelSubject, ResponseSubject, Subject
from explainers.text.tasks import ASSETS, TASKS
from explainers.text.unicode import make_fields_whole

GENERATION = "generation"


@dataclass(frozen=True)
class Round:
    """A text and how many of its spans to mark. Raises MaskwiseError where it cannot be played.

    task: "generation", or the name of a classification task. settings: further fields of GenerationRequest,
    or for a class the "model" alone. question is asked first, notice read once the answer is known.
    """

    title: str
    text: str
    k: int
    task: str = GENERATION
    question: str = ""
    notice: str = ""
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        make_fields_whole(self)
        for name in ("title", "question", "notice"):
            check_text(name, getattr(self, name), MAX_PROMPT_CHARS)
        check_choice("task", self.task, [GENERATION, *TASKS])
        check_range("k", self.k, 1, MAX_PROMPT_CHARS)
        self.subject()

    @property
    def unit(self) -> str:
        """What is marked: word, token or sentence."""
        return self.settings.get("granularity", "word")

    def subject(self) -> Subject:
        if self.task == GENERATION:
            return ResponseSubject(GenerationRequest(self.text, k=self.k, **self.settings))
        options = {"k": self.k, "granularity": "word"}
        return LabelSubject(ClassificationRequest(self.text, self.task, options=options, **self.settings))


@cache
def ready_rounds() -> tuple[Round, ...]:
    """The rounds that come with Maskwise."""
    stored = json.loads((ASSETS / "classroom" / "rounds.json").read_text(encoding="utf-8"))
    return tuple(Round(**one) for one in stored)
