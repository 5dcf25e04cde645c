"""Several methods on one prompt and one k, side by side, as a stream of plain JSON events.

Beside every measure stands its floor: the same for spans removed at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import cast

from explainers.core.base import EXPLAINERS
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import OnForward, removed_spans
from explainers.core.work import WRITTEN_PLAINLY, tokens_read
from explainers.measures.flatness import flat_notes
from explainers.measures.text import METRICS
from explainers.models.loaded import LoadedModel
from explainers.streams.events.comparison import (
    ComparedEvent,
    ComparisonAsked,
    ComparisonEvent,
    PlannedPart,
    RowEvent,
)
from explainers.streams.events.shared import PromptEvent
from explainers.streams.generation import answered_target
from explainers.streams.removals import TEXT_DRAWS, Removals
from explainers.streams.report import scored_spans, span_values
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.targets.response import ResponseTarget
from explainers.text.spans import about_spans

BATCHES = 2  # in which the answers without random sets are written: those of one length at once


def compare(
    request: ComparisonRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[ComparisonEvent]:
    """Events `status`, `response`, `prompt`, `floor`, a `row` per method, and last `compared`.

    loaded: a model in place of the request's. A method that refuses becomes a row with an error. Where
    on_forward raises Stopped after the prompt event, the comparison ends with the rows that are complete.
    """
    on_forward = on_forward or (lambda rows: None)
    target = yield from answered_target(request.single(request.methods[0]), on_forward, loaded)
    parts = planned_parts(request, len(target.spans), len(target.prompt.input_ids) + target.length)
    yield {**prompt_event(target, sum(part["passes"] for part in parts)), "parts": parts}
    rows: list[RowEvent] = []
    stopped = False
    try:
        removals = Removals(target, request.max_new_tokens)
        floor = removals.floor(request.k, request.draws, request.seed)
        yield {"type": "floor", "draws": request.draws, "metrics": floor}
        for method in request.methods:
            rows.append(_row(request, method, removals))
            yield rows[-1]
    except Stopped:
        stopped = True
    yield _compared(request, target, rows, stopped)


def prompt_event(target: ResponseTarget, passes: int) -> PromptEvent:
    """passes: about how many sequences will go through the model after this event."""
    log_prob = target.log_prob_of(target.full_mask())
    return {"type": "prompt", "spans": span_values(target.spans), "log_prob": log_prob, "passes": passes}


def _row(request: ComparisonRequest, method: str, removals: Removals) -> RowEvent:
    """What one method finds and what that takes, or why it refuses."""
    shared = removals.target
    # A target of its own for every method: masks that another had evaluated would cost it nothing, and its
    # seconds and passes would depend on the order of the methods.
    own = shared.anew(request.screening)
    try:
        explanation = request.single(method).explainer().explain(own)
    except MaskwiseError as error:
        return _refusal(method, str(error))
    mask, measures = explanation.mask, removals.measures(explanation.mask)
    return {
        "type": "row",
        "method": method,
        "title": EXPLAINERS[method].title,
        "error": None,
        "spans": scored_spans(explanation),
        "removed": removed_spans(mask),
        "log_prob_masked": shared.log_prob_of(mask),
        "probability_ratio": measures["probability_ratio"],
        "metrics": {**measures},
        "seconds": explanation.seconds,
        "forward_passes": own.forward_passes,
        "certificate": explanation.certificate,
        "masked_response": removals.responses([mask])[0],
    }


def _refusal(method: str, error: str) -> RowEvent:
    return {
        "type": "row",
        "method": method,
        "title": EXPLAINERS[method].title,
        "error": error,
        "spans": [],
        "removed": [],
        "log_prob_masked": None,
        "probability_ratio": None,
        "metrics": {},
        "seconds": None,
        "forward_passes": None,
        "certificate": "",
        "masked_response": None,
    }


def _compared(
    request: ComparisonRequest, target: ResponseTarget, rows: list[RowEvent], stopped: bool
) -> ComparedEvent:
    done = [row for row in rows if not row["error"]]
    without = [row["log_prob_masked"] for row in done if row["log_prob_masked"] is not None]
    flat = flat_notes(target, *without) if without else ()
    resolved = {"model": target.loaded.name, "date": target.prompt.date}
    return {
        "type": "compared",
        "methods": [row["method"] for row in rows],
        "agreement": [[_jaccard(a, b) for b in rows] for a in rows],
        "votes": [sum(t in row["removed"] for row in done) for t in range(len(target.spans))],
        "best": {name: _best(done, name) for name in METRICS} if done else {},
        "stopped": stopped,
        "request": cast(ComparisonAsked, asdict(request) | resolved),  # the same names, field by field
        "revision": target.loaded.revision,
        "notes": [*target.prompt.notes, *flat],
    }


def _jaccard(a: RowEvent, b: RowEvent) -> float | None:
    if a["error"] or b["error"]:
        return None
    return len({*a["removed"]} & {*b["removed"]}) / len({*a["removed"]} | {*b["removed"]})


def _best(rows: Sequence[RowEvent], name: str) -> str:
    """The method with the best value of a measure; the first of equals."""
    values = {row["method"]: value for row in rows if (value := row["metrics"][name]) is not None}
    choose = min if METRICS[name] else max
    return choose(values, key=lambda method: values[method])


def planned(request: ComparisonRequest) -> list[PlannedPart]:
    """About how much work a comparison is: its answer, then `planned_parts`. Loads nothing, so tokens are
    guessed from the length."""
    written = 0 if request.response.strip() else request.max_new_tokens
    answer: PlannedPart = {"passes": written, "tokens": tokens_read(0, 0, written)}
    length = len(request.prompt.split()) + request.max_new_tokens
    return [answer, *planned_parts(request, about_spans(request.prompt, request.granularity), length)]


def planned_parts(request: ComparisonRequest, spans: int, length: int) -> list[PlannedPart]:
    """What follows the answer: random removal, then each method and the answer without its set. length: about
    how many tokens a mask and the answer have."""

    def part(masks: int, answers: int, batches: int) -> PlannedPart:
        written = request.max_new_tokens
        tokens = tokens_read(masks, length, batches * written, WRITTEN_PLAINLY)
        return {"passes": masks + answers * written, "tokens": tokens}

    removal = part(request.draws, min(TEXT_DRAWS, request.draws), BATCHES)
    masks = [request.single(method).explainer().passes(spans) + 2 for method in request.methods]
    return [removal, *(part(count, 1, 1) for count in masks)]
