"""Whether a file holds a result as the JSON button saves it, all of which the views can show."""

from __future__ import annotations

from functools import cache
from math import isfinite
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from components.sharing.fields import is_unicode
from explainers.core.errors import MaskwiseError
from explainers.streams.events.classification import (
    ClassificationExplanation,
    PredictionEvent,
    ReadingsEvent,
)
from explainers.streams.events.comparison import ComparedEvent, ComparedPromptEvent, FloorEvent, RowEvent
from explainers.streams.events.generation import GenerationExplanation
from explainers.streams.events.shared import PromptEvent, StepEvent

DEEPEST = 12  # lists and objects within each other
LARGEST = 2**53  # beyond it JavaScript's numbers are not exact
LONGEST_PLACE = 80  # characters said of where a file is damaged
POINTS = 11  # of a faithfulness curve
ENDS = {  # the first event of a whole result, and the last
    "generation": ("prompt", "explanation"),
    "classification": ("prediction", "explanation"),
    "compare": ("prompt", "compared"),
}
BY_TYPE = Field(discriminator="type")


class Kept(TypedDict):
    maskwise: Literal[1]
    inputs: NotRequired[dict[str, Any]]


class GenerationRecord(Kept):
    tab: Literal["generation"]
    events: list[Annotated[PromptEvent | StepEvent | GenerationExplanation, BY_TYPE]]


class ClassificationRecord(Kept):
    tab: Literal["classification"]
    events: list[
        Annotated[
            PredictionEvent | ReadingsEvent | PromptEvent | StepEvent | ClassificationExplanation, BY_TYPE
        ]
    ]


class ComparisonRecord(Kept):
    tab: Literal["compare"]
    events: list[Annotated[ComparedPromptEvent | FloorEvent | RowEvent | ComparedEvent, BY_TYPE]]


def check_record(record: dict, text: str) -> None:
    """Raise MaskwiseError, with the place, unless the record is whole. text: of its file."""
    _check_plain(record)
    _check_types(text)
    events, tab = record["events"], record["tab"]
    _check_ends([event["type"] for event in events], tab)
    if tab == "compare":
        _check_comparison(events)
    else:
        _check_explanation(events, tab)


def damaged(where: str) -> MaskwiseError:
    return MaskwiseError(f"The file is damaged ({where}). Download the result again, and load it unchanged.")


def _expect(right: bool, where: str) -> None:
    if not right:
        raise damaged(where)


def _check_plain(value) -> None:
    """Raise MaskwiseError where JSON nests too deep, or holds numbers or texts that cannot be passed on."""
    layer, depth = [value], 0
    while layer:
        _expect(depth <= DEEPEST, "lists within lists too deep")
        _expect(all(map(_is_plain, layer)), "a number that is too large, or characters that are no text")
        layer, depth = [inner for outer in layer for inner in _inner(outer)], depth + 1


def _is_plain(value) -> bool:
    if isinstance(value, str):
        return is_unicode(value)
    if isinstance(value, int | float):
        return abs(value) <= LARGEST if isinstance(value, int) else isfinite(value)
    return True


def _inner(value) -> list:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


@cache
def _record() -> TypeAdapter:
    """Made at the first file: it takes longer than the rest of the page's start may wait for."""
    kinds = GenerationRecord | ClassificationRecord | ComparisonRecord
    return TypeAdapter(Annotated[kinds, Field(discriminator="tab")])


def _check_types(text: str) -> None:
    """Raise MaskwiseError unless the file's events are those of a result of its tab."""
    try:
        _record().validate_json(text, strict=True)
    except ValidationError as error:
        where = error.errors(include_url=False, include_input=False)[0]["loc"]
        raise damaged(": ".join(map(str, where))[:LONGEST_PLACE]) from error


def _check_ends(kinds: list[str], tab: str) -> None:
    first, last = ENDS[tab]
    _expect(bool(kinds) and kinds[0] == first and kinds[-1] == last, "the order of events")
    _expect(kinds.count(last) == 1, "the order of events")


def _check_explanation(events: list[dict], tab: str) -> None:
    """Raise MaskwiseError unless what points at a span, a class or a letter points at one that is there."""
    explanation = events[-1]
    text = explanation["prompt" if tab == "generation" else "text"]
    for event in events:
        _check_spans(event, event.get("spans", explanation["spans"]), len(explanation["spans"]), text)
        if "labels" in event:
            _check_classes(event)
        if event["type"] == "readings":
            _check_readings(event, len(explanation["labels"]))
    for name in ("activation", "pruning") if tab == "classification" else ():
        _expect(all(len(explanation[name][side]) == POINTS for side in ("fractions", "values")), "curves")


def _check_comparison(events: list[dict]) -> None:
    """As _check_explanation, of a comparison."""
    spans, compared = events[0]["spans"], events[-1]
    rows = [event for event in events if event["type"] == "row"]
    for event in [events[0], *rows]:
        _check_spans(event, event["spans"] or spans, len(spans), compared["request"]["prompt"])
    for row in rows:
        numbers = [row[name] for name in ("log_prob_masked", "probability_ratio", "seconds")]
        _expect(bool(row["error"]) or None not in [*numbers, row["forward_passes"]], "numbers")
    _expect(compared["methods"] == [row["method"] for row in rows], "methods")
    _expect([len(line) for line in compared["agreement"]] == [len(rows)] * len(rows), "agreement")
    _expect(len(compared["votes"]) == len(spans), "votes")


def _check_spans(event: dict, spans: list[dict], count: int, text: str) -> None:
    _expect(len(spans) == count, "spans")
    _expect(all(span["start"] <= span["end"] <= len(text) for span in spans), "places of spans")
    _expect(all(t < count for t in event.get("removed", [])), "removed spans")
    _expect(len({len(span.get("hops", [])) for span in spans}) <= 1, "hops")
    sets = [each["members"] for each in event.get("interactions", [])]
    _expect(all(members and max(members) < count for members in sets), "sets of words")


def _check_classes(event: dict) -> None:
    names = [row["label"] for row in event["labels"]]
    _expect(len(set(names)) == len(names) and {event["label"], event["predicted"]} <= set(names), "classes")
    kinds = [piece["kind"] for piece in event["pieces"]]
    _expect(kinds.count("text") == kinds.count("mask") == 1, "template")


def _check_readings(event: dict, classes: int) -> None:
    tokens, where = event["tokens"], "readings"
    _expect(event["mask"] < len(tokens), where)
    _expect({t["span"] for t in tokens} - {None} == set(range(len(event["spans"]))), where)
    _expect(all(len(token["class_shares"]) == classes for token in tokens), where)
