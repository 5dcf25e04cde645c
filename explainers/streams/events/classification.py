"""Events of a classified text: one explanation, live reading, every method, the layers."""

from __future__ import annotations

from typing import (
    Any,
    Literal,
    NotRequired,  # typing's own cannot be read by pydantic on Python 3.11
)

from typing_extensions import TypedDict

from explainers.streams.events.shared import (
    Count,
    Found,
    Index,
    Piece,
    PromptEvent,
    ScoredSpan,
    Span,
    StatusEvent,
    StepEvent,
)


class Curve(TypedDict):
    """A faithfulness curve. score: the mean of its values."""

    fractions: list[float]
    values: list[float]
    score: float


class ClassProbability(TypedDict):
    label: str
    words: list[str]
    probability: float


class Prediction(TypedDict):
    """What the model makes of a whole text. label: the class explained; predicted: the likeliest."""

    rendered: str
    pieces: list[Piece]
    labels: list[ClassProbability]
    predicted: str
    label: str
    notes: list[str]


class PredictionEvent(Prediction):
    type: Literal["prediction"]


class ClassificationResult(Found, Prediction):
    """What is known of a classification. neutral: the score that speaks neither for the class nor against."""

    text: str
    task: str
    template: str
    verbalizer: str
    label_words: dict[str, Any]
    activation: Curve
    pruning: Curve
    neutral: float
    method_notes: list[str]


class ClassificationShown(ClassificationResult):
    """A result while the method goes on, to prove it or to find a better one."""

    type: Literal["shown"]


class ClassificationExplanation(ClassificationResult):
    """The result of a classification, the last event."""

    type: Literal["explanation"]


class ReadToken(TypedDict):
    """What the MLM head reads at a token. span: its index, None in the template; words: [word, probability];
    class_shares: of each class."""

    token: str
    span: Index | None
    words: list[tuple[str, float]]
    class_shares: list[float]


class ReadingsEvent(TypedDict):
    """mask: index of <mask> among the tokens."""

    type: Literal["readings"]
    spans: list[Span]
    tokens: list[ReadToken]
    mask: Index


class LensEvent(TypedDict):
    """What the MLM head reads after each layer, as in LayerLens."""

    type: Literal["lens"]
    tokens: list[str]
    spans: list[Index | None]
    words: list[list[str]]
    ranks: list[list[int]]


class MethodsEvent(TypedDict):
    """parts: about how many passes each method will take, in their order; 0 for one that is left out."""

    type: Literal["methods"]
    parts: list[Count]


class MethodEvent(TypedDict):
    """One of all methods on a class. passes: about how many it takes. error: why it has no scores, in words,
    and nothing follows it; else empty."""

    type: Literal["method"]
    method: str
    title: str
    passes: Count
    error: str
    spans: NotRequired[list[ScoredSpan]]
    activation: NotRequired[Curve]
    pruning: NotRequired[Curve]
    score_meaning: NotRequired[str]
    method_notes: NotRequired[list[str]]
    neutral: NotRequired[float]
    seconds: NotRequired[float]


class MethodsDoneEvent(TypedDict):
    """notes: a sentence where nothing can be told apart."""

    type: Literal["compared"]
    notes: list[str]


ClassificationEvent = (
    StatusEvent | PredictionEvent | PromptEvent | StepEvent | ClassificationShown | ClassificationExplanation
)
ReadingEvent = (
    StatusEvent
    | PredictionEvent
    | ReadingsEvent
    | PromptEvent
    | StepEvent
    | ClassificationShown
    | ClassificationExplanation
    | LensEvent
    | MethodsEvent
    | MethodEvent
    | MethodsDoneEvent
)
