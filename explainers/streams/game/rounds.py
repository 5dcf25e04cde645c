"""Rounds of the guessing game: a text, a question, and how many of its words to mark."""

from __future__ import annotations

import json
from dataclasses import field
from functools import cache
from typing import Annotated, Any

from explainers.core.requests import between, one_of, request
from explainers.streams.classification import ClassificationRequest
from explainers.streams.game.subjects import LabelSubject, ResponseSubject, Subject
from explainers.streams.generation import MAX_K, GenerationRequest, PromptText
from explainers.text.tasks import ASSETS, TASKS

GENERATION = "generation"


@request
class Round:
    """A text and how many of its spans to mark. Raises MaskwiseError where it cannot be played.

    task: "generation", or the name of a classification task. settings: further fields of GenerationRequest,
    or for a class the "model" alone. question is asked first, notice read once the answer is known.
    """

    title: PromptText
    text: PromptText
    k: Annotated[int, between(1, MAX_K)]
    task: Annotated[str, one_of(lambda: [GENERATION, *TASKS])] = GENERATION
    question: PromptText = ""
    notice: PromptText = ""
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
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
