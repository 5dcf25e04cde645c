"""What a round of the guessing game is about: a model's answer to a prompt, or the class of a text.

Both show the words and the answer, then tell what becomes of the answer without some of the words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from explainers.core.deferred_torch import torch
from explainers.core.types import Mask, OnForward, Task
from explainers.measures.flatness import tie_notes
from explainers.models.loaded import LoadedModel
from explainers.streams.classification import build_target
from explainers.streams.events.guessing import Effect, FoundEffect, OpeningEvent, RandomEffect
from explainers.streams.generation import prompt_of, respond
from explainers.streams.report import span_values
from explainers.streams.requests.checks import check_k
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.writing import write_answer
from explainers.targets.base import ModelTarget
from explainers.targets.label import LabelTarget
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import decode_answer
from explainers.text.thinking import heed_thinking


@dataclass
class KnownRound:
    """What has been found of a round with one model, kept for the next guess.

    response_ids: tokens of the answer. best, method, random: as in RevealedEvent, None until they are found.
    answers: the answer without the spans that a mask removes. target: kept while a search that was
    interrupted may go on, and no longer, since it keeps its model in memory. at_work: held by whoever
    searches.
    """

    response_ids: tuple[int, ...] = ()
    best: FoundEffect | None = None
    method: FoundEffect | None = None
    random: RandomEffect | None = None
    answers: dict[Mask, str] = field(default_factory=dict)
    target: ResponseTarget | None = None
    at_work: Lock = field(default_factory=Lock)

    def sets(self) -> dict[str, Effect]:
        """The sets that are found and no guess changes, by who chose them."""
        found: dict[str, Effect | None] = {"best": self.best, "method": self.method, "random": self.random}
        return {who: effect for who, effect in found.items() if effect}

    def as_json(self) -> dict:
        """All that is found, as plain values."""
        answers = [[list(mask), text] for mask, text in self.answers.items()]
        found = {"best": self.best, "method": self.method, "random": self.random}
        return {"response_ids": list(self.response_ids), "answers": answers, **found}

    @classmethod
    def of_json(cls, values: dict) -> KnownRound:
        answers = {tuple(mask): text for mask, text in values["answers"]}
        found = {name: values[name] for name in ("best", "method", "random")}
        return cls(response_ids=tuple(values["response_ids"]), answers=answers, **found)


class Subject(ABC):
    """One round's target and its answer, there once it is open.

    tokens: how many log p is a sum over. notes: what a reader must know, in sentences. flat: a sentence where
    nothing can be told apart, once the sets are found.
    """

    task: Task
    request: GenerationRequest | ClassificationRequest
    target: ModelTarget
    known: KnownRound
    tokens: int = 1
    notes: tuple[str, ...] = ()
    flat: tuple[str, ...] = ()

    @abstractmethod
    def open(self, loaded: LoadedModel, known: KnownRound, on_forward: OnForward) -> Iterator[OpeningEvent]:
        """Stream `status`, `words` and `response`. Raises MaskwiseError where k is too large."""

    @abstractmethod
    def answer_without(self, mask: Mask) -> Iterator[str]:
        """What the model answers to the masked text, as it grows."""


class ResponseSubject(Subject):
    """log p of the model's own answer to a prompt."""

    task = Task.GENERATION
    request: GenerationRequest
    target: ResponseTarget

    def __init__(self, request: GenerationRequest):
        self.request = request

    def open(self, loaded, known, on_forward):
        self.known, request = known, self.request
        prompt = prompt_of(request, loaded)
        check_k(request.k, len(prompt.spans), request.granularity)
        yield {"type": "words", "spans": span_values(prompt.spans)}
        if request.response.strip() or not known.response_ids:
            prompt, known.response_ids = yield from respond(request, loaded, prompt, on_forward)
        text = decode_answer(loaded.tokenizer, known.response_ids)
        yield {"type": "response", "text": text}
        prompt, part = heed_thinking(loaded.tokenizer, prompt, known.response_ids, request.thinking)
        self.notes = prompt.notes
        if not known.target:
            known.target = ResponseTarget(
                loaded,
                prompt,
                known.response_ids,
                operator=request.mask_operator,
                on_forward=on_forward,
                screening=request.screening,
                part=part,
            )
        self.target, self.tokens = known.target, known.target.length
        self.target.on_forward = on_forward

    def answer_without(self, mask):
        target, most = self.target, self.request.max_new_tokens
        embeds = target.kept_embeds(mask)
        yield from write_answer(target.loaded, embeds, most, target.on_forward, str)


class LabelSubject(Subject):
    """log p of the class that the model predicts for a text."""

    task = Task.CLASSIFICATION
    request: ClassificationRequest
    target: LabelTarget

    def __init__(self, request: ClassificationRequest):
        self.request = request

    def open(self, loaded, known, on_forward):
        self.known = known
        self.target = yield from build_target(self.request, on_forward, loaded)
        settings = self.request.settings()
        check_k(settings.k, len(self.target.spans), settings.granularity)
        yield {"type": "words", "spans": span_values(self.target.spans)}
        probabilities = self._probabilities(self.target.full_mask())
        self.target.label_index = int(probabilities.argmax())
        ties = tie_notes(self.target.labels, probabilities.tolist())
        self.notes = (*self.target.cloze.notes, *self.target.verbalizer.notes, *ties)
        yield {"type": "response", "text": self._class_of(probabilities)}

    def answer_without(self, mask):
        yield self._class_of(self._probabilities(mask))

    def _probabilities(self, mask: Mask) -> torch.Tensor:
        return self.target.class_log_probs(torch.tensor([mask]))[0].exp()  # (C,)

    def _class_of(self, probabilities: torch.Tensor) -> str:
        best = int(probabilities.argmax())
        return f"{self.target.labels[best]}, {probabilities[best]:.0%}"
