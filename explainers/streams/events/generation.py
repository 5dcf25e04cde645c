"""Events of an explained generation."""

from __future__ import annotations

from typing import (
    Literal,
    NotRequired,  # typing's own cannot be read by pydantic on Python 3.11
)

from typing_extensions import TypedDict

from explainers.streams.events.shared import Count, Found, Index, Piece, PromptEvent, StatusEvent, StepEvent


class ResponseToken(TypedDict):
    """log_prob with the whole prompt, log_prob_masked without the removed spans."""

    id: NotRequired[Index]
    text: str
    log_prob: float
    log_prob_masked: float


class Metric(TypedDict):
    name: str
    value: float | None
    lower_is_better: bool


class ResponseEvent(TypedDict):
    """The answer to the whole prompt, as it grows."""

    type: Literal["response"]
    text: str


class MaskedResponseEvent(TypedDict):
    """The answer without the removed spans, as it grows."""

    type: Literal["masked_response"]
    text: str


class UnprovedSets(TypedDict):
    """What a proof left out: how many of the sets that it asks for were not tried. options: those with which
    a run tries them as well, None where there are none."""

    left: Count
    wanted: Count
    options: dict[str, Count] | None


class GenerationResult(Found):
    """What is known of a generation. part: tokens [start, end) of the answer that are explained; None: all.

    log_prob, log_prob_masked and probability_ratio are those of that part; response_tokens are all tokens.
    date: the day that the template writes, "" where it writes none. rendered: what the model reads.
    masked_response is "" where it was not written. optimality_gap: nats above the lowest log p of all sets
    of the size, None where that is not known. unproved: None where no proof was begun, or it is whole.
    """

    prompt: str
    k: Count
    granularity: str
    mask_operator: str
    max_new_tokens: Count
    system_prompt: str
    system_prompt_placement: NotRequired[str]
    date: NotRequired[str]
    thinking: NotRequired[str]
    rendered: NotRequired[list[Piece]]
    screening: NotRequired[bool]
    response: str
    masked_response: str
    response_tokens: list[ResponseToken]
    part: NotRequired[list[Index] | None]
    probability_ratio: float
    metrics: list[Metric]
    distinct_masks: NotRequired[Count]
    certificate: NotRequired[str]
    optimality_gap: NotRequired[float | None]
    unproved: NotRequired[UnprovedSets | None]


class GenerationShown(GenerationResult):
    """A result while the method goes on, to prove it or to find a better one."""

    type: Literal["shown"]


class GenerationExplanation(GenerationResult):
    """The result of a generation, the last event."""

    type: Literal["explanation"]


GenerationEvent = (
    StatusEvent
    | ResponseEvent
    | PromptEvent
    | StepEvent
    | MaskedResponseEvent
    | GenerationShown
    | GenerationExplanation
)
AnswerEvent = StatusEvent | ResponseEvent | MaskedResponseEvent  # while an answer is written
