"""Events of a round of the guessing game."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from explainers.streams.events.generation import ResponseEvent
from explainers.streams.events.shared import Count, Index, Span, StatusEvent


class Effect(TypedDict):
    """What removing a set of spans does. drop: nats that log p falls."""

    removed: list[Index]
    log_prob_masked: float
    drop: float
    probability_ratio: float


class FoundEffect(Effect):
    """Of a set that a method found."""

    title: str
    certificate: str


class RandomEffect(Effect):
    """Means over random sets; removed: the set nearest to them; low, high: the range of the drops."""

    low: float
    high: float
    sets: list[Effect]


class WordsEvent(TypedDict):
    type: Literal["words"]
    spans: list[Span]


class SearchEvent(TypedDict):
    """passes: that the search takes at most."""

    type: Literal["search"]
    passes: Count


class SearchStepEvent(TypedDict):
    type: Literal["step"]
    step: Count
    total: Count


class PreparedEvent(TypedDict):
    """notes: what is explained of the answer and what became of the text, in sentences."""

    type: Literal["prepared"]
    notes: list[str]


class ScoredGuess(Effect):
    """score: 0 to 1, None where no set makes the answer less likely; sentence says it."""

    score: float | None
    sentence: str


class ScoredEvent(TypedDict):
    """The guesses of a class."""

    type: Literal["scored"]
    guesses: list[ScoredGuess]


class RevealedEvent(TypedDict):
    """method: None in a generation. score: 0 to 1, None where no set makes the answer less likely; sentence
    says it."""

    type: Literal["revealed"]
    guess: Effect
    best: FoundEffect
    method: FoundEffect | None
    random: RandomEffect
    log_prob: float
    score: float | None
    sentence: str


class RewrittenEvent(TypedDict):
    """The answer without a set, as it grows. who: "guess", "best", "method" or "random"."""

    type: Literal["rewritten"]
    who: str
    text: str


class PlayedEvent(TypedDict):
    type: Literal["played"]


OpeningEvent = StatusEvent | WordsEvent | ResponseEvent
PreparationEvent = OpeningEvent | SearchEvent | SearchStepEvent | PreparedEvent
GuessEvent = PreparationEvent | ScoredEvent | RevealedEvent | RewrittenEvent | PlayedEvent
