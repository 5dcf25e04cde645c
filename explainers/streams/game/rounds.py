"""Rounds of the guessing game: a text, a question, and how many of its words to mark."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import field
from functools import cache
from typing import Annotated, Any

from explainers.core.deployment import Deployment, deployment
from explainers.core.errors import MaskwiseError
from explainers.core.requests import AllowedText, allowed, one_of, request
from explainers.streams.game.subjects import LabelSubject, ResponseSubject, Subject
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.text.tasks import ASSETS, TASKS

GENERATION = "generation"


@request
class Round:
    """A text and how many of its spans to mark. Raises MaskwiseError where it cannot be played.

    task: "generation", or the name of a classification task. settings: further fields of GenerationRequest,
    or for a class the "model" alone. question is asked first, notice read once the answer is known.
    """

    title: AllowedText
    text: AllowedText
    k: Annotated[int, allowed(lambda here: here.k)]
    task: Annotated[str, one_of(lambda: [GENERATION, *TASKS])] = GENERATION
    question: AllowedText = ""
    notice: AllowedText = ""
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


def ready_rounds() -> tuple[Round, ...]:
    """The rounds that come with Maskwise, without those for which the deployment's bounds are too tight."""
    return _rounds_within(deployment())


@cache
def _rounds_within(bounds: Deployment) -> tuple[Round, ...]:
    rounds: list[Round] = []
    for stored in json.loads((ASSETS / "classroom" / "rounds.json").read_text(encoding="utf-8")):
        with suppress(MaskwiseError):
            rounds.append(Round(**stored))
    return tuple(rounds)
