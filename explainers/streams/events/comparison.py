"""Events of several methods side by side, and of the two charts beside them."""

from __future__ import annotations

from typing import (
    Literal,
    NotRequired,  # typing's own cannot be read by pydantic on Python 3.11
)

from typing_extensions import TypedDict

from explainers.streams.events.generation import AnswerEvent
from explainers.streams.events.shared import Count, Index, PromptEvent, ScoredSpan


class Interval(TypedDict):
    """Mean over draws and the ends of its 95 % interval."""

    mean: float | None
    low: float | None
    high: float | None
    draws: NotRequired[Count]


class PlannedPart(TypedDict):
    """Of a comparison. passes: about how many sequences go through the model. tokens: how many it reads then;
    one that is written takes the time of several."""

    passes: Count
    tokens: Count


class ComparedPromptEvent(PromptEvent):
    """parts: random removal, then each method."""

    parts: NotRequired[list[PlannedPart]]


class FloorEvent(TypedDict):
    """The measures of sets drawn at random. passes: in files of before, about how many sequences then go
    through the model."""

    type: Literal["floor"]
    draws: Count
    metrics: dict[str, Interval]
    passes: NotRequired[Count]


class RowEvent(TypedDict):
    """What one method found. error: why it refuses, in words; its numbers are then None."""

    type: Literal["row"]
    method: str
    title: str
    error: str | None
    spans: list[ScoredSpan]
    removed: list[Index]
    log_prob_masked: float | None
    probability_ratio: float | None
    metrics: dict[str, float | None]
    seconds: float | None
    forward_passes: Count | None
    certificate: str
    masked_response: str | None


class ComparisonAsked(TypedDict):
    """The request of a comparison, its model by name."""

    prompt: str
    methods: list[str]
    model: str
    k: Count
    granularity: str
    mask_operator: str
    max_new_tokens: Count
    response: str
    system_prompt: str
    system_prompt_placement: NotRequired[str]
    date: NotRequired[str]
    thinking: NotRequired[str]
    seed: Count
    draws: Count


class ComparedEvent(TypedDict):
    """What only all rows together tell. agreement: Jaccard index of the removed sets, row by row, None beside
    a row with an error; votes: how many methods removed each span; best: the method that leads a measure;
    notes: what was explained of the answer and what became of the prompt, in sentences."""

    type: Literal["compared"]
    methods: list[str]
    agreement: list[list[float | None]]
    votes: list[Count]
    best: dict[str, str | None]
    stopped: bool
    request: ComparisonAsked
    revision: str
    notes: NotRequired[list[str]]


class PointEvent(TypedDict):
    """A probability ratio at one k. method: "random" for the mean over draws, which has an interval."""

    type: Literal["point"]
    method: str
    k: Count
    probability_ratio: float
    low: NotRequired[float]
    high: NotRequired[float]


class SweptEvent(TypedDict):
    """refused: by method, why it has no points, in words. notes: a sentence where nothing can be told
    apart."""

    type: Literal["swept"]
    refused: dict[str, str]
    stopped: bool
    notes: list[str]


class CurveEvent(TypedDict):
    """y: the best log p after each iteration."""

    type: Literal["curve"]
    method: str
    title: str
    seed: Count
    y: list[float]


class ConvergedEvent(TypedDict):
    """notes: as of SweptEvent."""

    type: Literal["converged"]
    stopped: bool
    notes: list[str]


ComparisonEvent = AnswerEvent | ComparedPromptEvent | FloorEvent | RowEvent | ComparedEvent
SweepEvent = AnswerEvent | PromptEvent | PointEvent | SweptEvent
ConvergenceEvent = AnswerEvent | PromptEvent | CurveEvent | ConvergedEvent
