"""What the What-if section on a classified text shows: at opening, after a click, while the model works.
Plain values, no Gradio.

A "record" is a ClassificationView's; "removed" are indices of its spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from components.classification.view import ClassificationView
from components.page.progress import status
from components.page.views import Values
from components.what_if.values import JOINT_EMPTY, flat_parts, with_removed
from components.what_if.view import STRIP_LEGEND, ActionView, count, method_set, needed_explanation
from explainers.reports.class_sentence import percent
from explainers.reports.figures.class_probabilities import ClassChange, classes_chart
from explainers.reports.numbers import fixed
from explainers.reports.result_sentence import listed

LEAST_POINTS = 0.05  # percentage points: a smaller change is none


def class_explanation(record: dict) -> dict:
    """The explanation that a record holds, with the "granularity" of its spans."""
    explanation = needed_explanation(record)
    return explanation | {"granularity": explanation["options"].get("granularity", "token")}


def opened(record: dict) -> Values:
    """All views, with nothing removed: that much the record tells itself."""
    return chosen(record, []) | (recorded(record, []) or {})


def chosen(record: dict, removed: Sequence[int], note: str = "") -> Values:
    """The views at once after a click; the joint effect of another set is taken away. note: on the set, in
    words."""
    view = ClassificationView("", shows=("strip",))
    for event in record["events"]:
        view.add(event)
    strip = view.values()["strip"]
    legend = f"{note} {STRIP_LEGEND}{strip['legend']}".strip()
    strip |= {"spans": with_removed(strip, removed), "legend": legend}
    return {"strip": strip | {"selectable": True, "selected": list(removed)}, "joint": {"empty": JOINT_EMPTY}}


def recorded(record: dict, removed: Sequence[int]) -> Values | None:
    """The effect of a set as the record itself tells it, which it does of none removed alone."""
    if removed:
        return None
    explanation = class_explanation(record)
    rows = [{**row, "probability_masked": row["probability"]} for row in explanation["labels"]]
    removal = {"removed": [], "labels": rows, "label": explanation["label"]}
    return measured(explanation, removal) | {"status": status("done", counted(explanation, []))}


def counted(explanation: dict, removed: Sequence[int]) -> str:
    """How many spans are removed, in words."""
    own = removed and list(removed) == method_set(explanation)
    return count(explanation, removed) + (f" {explanation['title']} chose this set." if own else "")


def measured(explanation: dict, removal: dict) -> Values:
    """The result of class_what_if.class_removal as a sentence and a chart."""
    rows = removal["labels"]
    said, now = (_likeliest(rows, name) for name in ("probability", "probability_masked"))
    names = [explanation["spans"][index]["text"] for index in removal["removed"]]
    (row,) = (row for row in rows if row["label"] == removal["label"])
    if names:
        parts = [["text", "Without "], *listed(names), ["text", ", "], *_change(row), *_reading(said, now)]
        before, after = (_log(row[name]) for name in ("probability", "probability_masked"))
        facts = [[f"log p of {row['label']}", f"{before} → {after} nats"]]
    else:
        parts, facts = _unchanged(row, rows, said), []
    parts += flat_parts(explanation["method_notes"])
    result, label = {"parts": parts, "facts": facts}, row["label"]
    changes = [ClassChange(r["label"], r["probability"], r["probability_masked"]) for r in rows]
    return {"result": result, "changes": {"charts": [classes_chart(changes, label)]}}


def unmeasured(explanation: dict) -> Values:
    """Where the measurement failed: no numbers of another set are left to mislead."""
    changes = [ClassChange(row["label"], row["probability"], None) for row in explanation["labels"]]
    return {"result": {}, "changes": {"charts": [classes_chart(changes, explanation["label"])]}}


class ClassActionView(ActionView):
    """ActionView of a classification."""

    def on_removal(self, event: dict) -> None:
        self.shown |= measured(self.explanation, event)


def _log(probability: float) -> str:
    return fixed(log(probability)) if probability else "−∞"


def _likeliest(rows: list[dict], name: str) -> str:
    return max(rows, key=lambda row: row[name])["label"]


def _change(row: dict) -> list[list[str]]:
    before, after = row["probability"], row["probability_masked"]
    points = 100 * (after - before)
    if abs(points) < LEAST_POINTS:
        return [["strong", row["label"]], ["text", f" stays at {_share(after)}"]]
    verb = "rises" if points > 0 else "falls"
    by = f" {verb} by {abs(points):.1f} percentage points, from {_share(before)} to {_share(after)}"
    return [["strong", row["label"]], ["text", by]]


def _reading(said: str, now: str) -> list[list[str]]:
    if said == now:
        return [["text", ", and the model still says "], ["strong", now], ["text", "."]]
    return [["text", ", and the model says "], ["strong", now], ["text", f" instead of {said}."]]


def _unchanged(row: dict, rows: list[dict], said: str) -> list[list[str]]:
    (likeliest,) = (each for each in rows if each["label"] == said)
    share = f" ({_share(likeliest['probability'])})"
    parts = [["text", "With nothing removed, the model says "], ["strong", said]]
    if row is likeliest:
        return [*parts, ["text", f"{share}."]]
    explained = f", which is explained, has {_share(row['probability'])}."
    return [*parts, ["text", f"{share}; "], ["strong", row["label"]], ["text", explained]]


def _share(probability: float) -> str:
    return percent(probability, tenths=True).replace(" ", "\N{NO-BREAK SPACE}")
