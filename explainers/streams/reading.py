"""Streams of a classification besides one explanation: live reading, every method, the layers.

Each begins with one pass that gives both the prediction and what the MLM head reads at every token.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from time import perf_counter

from explainers.core.base import explainers_for
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward, Task
from explainers.measures.faithfulness import STEPS
from explainers.measures.layer_lens import layer_lens, token_readings
from explainers.models.held import LoadedModel
from explainers.streams.classification import (
    ClassificationRequest,
    build_target,
    choose_label,
    explain,
    prediction,
    report,
)
from explainers.streams.report import span_values
from explainers.targets.label import LabelTarget

MOST_PASSES = 3000  # a method that takes more is left out where all methods run


def read(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[dict]:
    """Classify, and read every token: `prediction`, then `readings`. Returns the target and the prediction.

    readings: {"spans", "tokens": [{"token", "span": index or None, "words": [[word, probability]],
    "class_shares"}], "mask": index of <mask> among the tokens}.
    """
    target, cloze = yield from build_target(request, on_forward, loaded)
    tokens = token_readings(target)
    predicted = prediction(target, cloze, tokens[target.mask_position].class_shares)
    yield choose_label(request, target, predicted)
    yield {
        "type": "readings",
        "spans": span_values(target.spans),
        "tokens": [asdict(token) for token in tokens],
        "mask": target.mask_position,
    }
    return target, predicted


def explain_and_read(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[dict]:
    """As `classification.run`, with `readings` after the prediction."""
    target, predicted = yield from read(request, on_forward, loaded)
    yield from explain(request, target, predicted)


def lens(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[dict]:
    """As `read`, and last a `lens` event with the fields of LayerLens."""
    target, _ = yield from read(request, on_forward, loaded)
    yield {"type": "status", "text": "Decoding every layer"}
    yield {"type": "lens", **asdict(layer_lens(target))}


def compare(
    request: ClassificationRequest,
    options: dict[str, dict],
    on_forward: OnForward | None = None,
    loaded: LoadedModel | None = None,
) -> Iterator[dict]:
    """Explain the class by every method: `methods`, a `method` event for each, and last `compared`.

    options: of the methods, by name. A method that cannot run here has "error", in words, and no scores.
    """
    target, _ = yield from read(request, on_forward, loaded)
    requests = [_with_method(request, name, options) for name in explainers_for(Task.CLASSIFICATION)]
    passes = [_passes(each, target) for each in requests]
    yield {"type": "methods", "count": len(requests), "passes": sum(p for p in passes if p <= MOST_PASSES)}
    for each, needed in zip(requests, passes, strict=True):
        yield _run_one(each, target, needed)
    yield {"type": "compared"}


def _with_method(request: ClassificationRequest, name: str, options: dict) -> ClassificationRequest:
    settings = {key: value for key, value in request.options.items() if key in request.settings().names()}
    return replace(request, method=name, options=settings | options.get(name, {}))


def _passes(request: ClassificationRequest, target: LabelTarget) -> int:
    return request.explainer(len(target.spans)).passes(len(target.spans)) + 2 * (STEPS + 1)


def _run_one(request: ClassificationRequest, target: LabelTarget, passes: int) -> dict:
    explainer, started = request.explainer(len(target.spans)), perf_counter()
    event = {"type": "method", "method": request.method, "title": explainer.title, "passes": passes}
    if passes > MOST_PASSES:
        return event | {"error": f"Left out: it takes about {passes:,} passes. Run it by itself."}
    try:
        values = report(target, explainer.explain(target), request.settings())
    except MaskwiseError as error:
        return event | {"error": str(error)}
    kept = ("spans", "activation", "pruning", "score_meaning", "method_notes")
    shown = {name: values[name] for name in kept} | {"neutral": explainer.neutral(target)}
    return event | shown | {"seconds": perf_counter() - started, "error": ""}
