"""Events and values that several streams share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,  # typing's own cannot be read by pydantic on Python 3.11
)

from annotated_types import Ge
from typing_extensions import TypedDict

Count = Annotated[int, Ge(0)]
Index = Annotated[int, Ge(0)]
Event = Mapping[str, Any]  # of any stream


class Span(TypedDict):
    text: str
    start: Index
    end: Index


class ScoredSpan(Span):
    """hops: what each step back to the prompt adds to the score, where the method goes in steps."""

    score: float
    removed: bool
    hops: NotRequired[list[float]]


class InteractingSet(TypedDict):
    """Spans that act together, by their numbers, and how strongly: see explainers.core.types.Interaction."""

    members: list[Index]
    nats: float


class Piece(TypedDict):
    """A part of what the model reads. kind: "text" is the person's own, others are the template's."""

    kind: str
    text: str


class StatusEvent(TypedDict):
    type: Literal["status"]
    text: str


class PromptEvent(TypedDict):
    """The spans, and log p of what is explained with all of them. plan: what to know before the run. known:
    how many masks earlier runs had evaluated."""

    type: Literal["prompt"]
    spans: list[Span]
    log_prob: float
    passes: Count
    plan: NotRequired[str]
    known: NotRequired[Count]


class StepEvent(TypedDict):
    """A search after one proposal. removed, log_prob: of the best set so far; proposed, proposal: the set
    just tried and its log p. phase: what the search is at. checked: during a proof, how many of the sets it
    asks for have been tried, and how many there are."""

    type: Literal["step"]
    step: Count
    total: Count
    log_prob: float
    removed: list[Index]
    proposal: float
    proposed: NotRequired[list[Index]]
    accepted: bool
    phase: NotRequired[Literal["find", "prove"]]
    checked: NotRequired[list[Count]]


class Provenance(TypedDict):
    """Which model, method and versions made a result."""

    model: str
    revision: str
    device: str
    dtype: str
    title: str
    reference: str
    score_meaning: str
    versions: dict[str, str]


class Found(Provenance):
    """What every explanation holds. notes: sentences a reader must know. stopped: ended before its end.
    interactions: sets of spans that act together, where the method finds some."""

    method: str
    options: dict[str, Any]
    seed: Count
    spans: list[ScoredSpan]
    log_prob: float
    log_prob_masked: float
    evaluations: Count
    forward_passes: Count
    seconds: float
    stopped: bool
    notes: list[str]
    interactions: NotRequired[list[InteractingSet]]
