"""Whether what points at a span, a class or a letter in a record points at one that is there."""

from __future__ import annotations

from explainers.core.errors import MaskwiseError

POINTS = 11  # of a faithfulness curve


def damaged(where: str) -> MaskwiseError:
    return MaskwiseError(f"The file is damaged ({where}). Download the result again, and load it unchanged.")


def expect(right: bool, where: str) -> None:
    if not right:
        raise damaged(where)


def check_explanation(events: list[dict], tab: str) -> None:
    """events: of the shapes of EVENTS[tab], the last the explanation. Raises MaskwiseError."""
    explanation = events[-1]
    text = explanation["prompt" if tab == "generation" else "text"]
    for event in events:
        _check_spans(event, event.get("spans", explanation["spans"]), len(explanation["spans"]), text)
        if "labels" in event:
            _check_classes(event)
        if event["type"] == "readings":
            _check_readings(event, len(explanation["labels"]))
    for name in ("activation", "pruning") if tab == "classification" else ():
        expect(all(len(explanation[name][side]) == POINTS for side in ("fractions", "values")), "curves")


def check_comparison(events: list[dict]) -> None:
    """events: of the shapes of EVENTS["compare"], the last `compared`. Raises MaskwiseError."""
    spans, compared = events[0]["spans"], events[-1]
    rows = [event for event in events if event["type"] == "row"]
    for event in [events[0], *rows]:
        _check_spans(event, event["spans"] or spans, len(spans), compared["request"]["prompt"])
    for row in rows:
        numbers = [row[name] for name in ("log_prob_masked", "probability_ratio", "seconds")]
        expect(bool(row["error"]) or None not in [*numbers, row["forward_passes"]], "numbers")
    expect(compared["methods"] == [row["method"] for row in rows], "methods")
    expect([len(line) for line in compared["agreement"]] == [len(rows)] * len(rows), "agreement")
    expect(len(compared["votes"]) == len(spans), "votes")


def _check_spans(event: dict, spans: list[dict], count: int, text: str) -> None:
    expect(len(spans) == count, "spans")
    expect(all(span["start"] <= span["end"] <= len(text) for span in spans), "places of spans")
    expect(all(t < count for t in event.get("removed", [])), "removed spans")


def _check_classes(event: dict) -> None:
    names = [row["label"] for row in event["labels"]]
    expect(len(set(names)) == len(names) and {event["label"], event["predicted"]} <= set(names), "classes")
    kinds = [piece["kind"] for piece in event["pieces"]]
    expect(kinds.count("text") == kinds.count("mask") == 1, "template")


def _check_readings(event: dict, classes: int) -> None:
    tokens, where = event["tokens"], "readings"
    expect(event["mask"] < len(tokens), where)
    expect({t["span"] for t in tokens} - {None} == set(range(len(event["spans"]))), where)
    expect(all(len(token["class_shares"]) == classes for token in tokens), where)
    pairs = [pair for token in tokens for pair in token["words"]]
    expect(all(len(p) == 2 and isinstance(p[0], str) and isinstance(p[1], int | float) for p in pairs), where)
