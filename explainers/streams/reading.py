"""Streams of a classification besides one explanation: live reading, every method, the layers.

Each begins with one pass that gives both the prediction and what the MLM head reads at every token.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

from explainers.core.base import explainers_for
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward, Task
from explainers.measures.faithfulness import PASSES
from explainers.measures.flatness import flat_notes
from explainers.measures.layer_lens import LayerLens, TokenReading, layer_lens, token_readings
from explainers.models.loaded import LoadedModel
from explainers.streams.classification import build_target, choose_label, curves, explain
from explainers.streams.events.classification import (
    LensEvent,
    MethodEvent,
    PredictionEvent,
    ReadingEvent,
    ReadingsEvent,
    ReadToken,
)
from explainers.streams.events.shared import StatusEvent
from explainers.streams.report import scored_spans, span_values
from explainers.streams.requests.classification import ClassificationRequest
from explainers.targets.label import LabelTarget
from explainers.targets.whole_words import WholeWordTarget

MOST_PASSES = 3000  # a method that takes more is left out where all methods run


@dataclass(frozen=True)
class ReadText:
    """A text that was classified and read."""

    target: LabelTarget
    prediction: PredictionEvent


def read(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Generator[StatusEvent | PredictionEvent | ReadingsEvent, None, ReadText]:
    """Classify, and read every token: `prediction`, then `readings`.

    Label words that are read whole have nothing to read at a token: there are no readings.
    """
    target = yield from build_target(request, on_forward, loaded)
    if isinstance(target, WholeWordTarget):
        prediction = choose_label(request, target)
        yield prediction
        return ReadText(target, prediction)
    tokens = token_readings(target)
    prediction = choose_label(request, target, tokens[target.mask_position].class_shares)
    yield prediction
    yield {
        "type": "readings",
        "spans": span_values(target.spans),
        "tokens": [_reading(token) for token in tokens],
        "mask": target.mask_position,
    }
    return ReadText(target, prediction)


def explain_and_read(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[ReadingEvent]:
    """As `classification.run`, with `readings` after the prediction."""
    text = yield from read(request, on_forward, loaded)
    yield from explain(request, text.target, text.prediction)


def lens(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[ReadingEvent]:
    """As `read`, and last a `lens` event with the fields of LayerLens."""
    text = yield from read(request, on_forward, loaded)
    yield {"type": "status", "text": "Decoding every layer"}
    yield _lens_event(layer_lens(text.target))


def explain_by_all(
    request: ClassificationRequest,
    options: dict[str, dict],
    on_forward: OnForward | None = None,
    loaded: LoadedModel | None = None,
) -> Iterator[ReadingEvent]:
    """Explain the class by every method: `methods`, a `method` event for each, and last `compared`, with a
    note where nothing can be told apart.

    options: of the methods, by name. A method that cannot run here has "error", in words, and no scores.
    """
    text = yield from read(request, on_forward, loaded)
    target = text.target
    requests = _by_method(request, options)
    passes = [planned_passes(each, len(target.spans)) for each in requests]
    yield {"type": "methods", "parts": list(map(_not_left_out, passes))}
    for each, needed in zip(requests, passes, strict=True):
        yield _run_one(each, target, needed)
    yield {"type": "compared", "notes": [*flat_notes(target)]}


def _by_method(request: ClassificationRequest, options: dict[str, dict]) -> list[ClassificationRequest]:
    return [_with_method(request, name, options) for name in explainers_for(Task.CLASSIFICATION)]


def _with_method(request: ClassificationRequest, name: str, options: dict) -> ClassificationRequest:
    settings = {key: value for key, value in request.options.items() if key in request.settings().names()}
    return replace(request, method=name, options=settings | options.get(name, {}))


def planned_passes(request: ClassificationRequest, spans: int) -> int:
    """About how many sequences one method and its curves send through the model."""
    return request.explainer(spans).passes(spans) + PASSES


def passes_of_all(request: ClassificationRequest, options: dict[str, dict], spans: int) -> int:
    """As `planned_passes`, of all methods that are not left out."""
    passes = [planned_passes(each, spans) for each in _by_method(request, options)]
    return sum(map(_not_left_out, passes))


def _not_left_out(passes: int) -> int:
    return passes if passes <= MOST_PASSES else 0


def _run_one(request: ClassificationRequest, target: LabelTarget, passes: int) -> MethodEvent:
    explainer, started = request.explainer(len(target.spans)), perf_counter()
    event: MethodEvent = {
        "type": "method",
        "method": request.method,
        "title": explainer.title,
        "passes": passes,
        "error": "",
    }
    if passes > MOST_PASSES:
        return {**event, "error": f"Left out: it takes about {passes:,} passes. Run it by itself."}
    try:
        found = explainer.explain(target)
        activation, pruning = curves(target, found.scores, request.settings())
    except MaskwiseError as error:
        return {**event, "error": str(error)}
    return {
        **event,
        "spans": scored_spans(found),
        "activation": activation,
        "pruning": pruning,
        "score_meaning": explainer.score_meaning,
        "method_notes": list(found.notes),
        "neutral": explainer.neutral(target),
        "seconds": perf_counter() - started,
    }


def _reading(reading: TokenReading) -> ReadToken:
    return {
        "token": reading.token,
        "span": reading.span,
        "words": list(reading.words),
        "class_shares": list(reading.class_shares),
    }


def _lens_event(lens: LayerLens) -> LensEvent:
    return {
        "type": "lens",
        "tokens": list(lens.tokens),
        "spans": list(lens.spans),
        "words": [list(row) for row in lens.words],
        "ranks": [list(row) for row in lens.ranks],
    }
