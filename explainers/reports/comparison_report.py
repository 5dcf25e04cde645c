"""A comparison as a web page that stands alone."""

from __future__ import annotations

from explainers.measures.text import METRICS
from explainers.reports.html_page import element, note, page, section, settings_table, table
from explainers.reports.html_report import coloured
from explainers.reports.metric_rows import MEANINGS

COSTS = {"seconds": "seconds", "forward_passes": "forward passes"}


def comparison_html(record: dict) -> str:
    """The page of a record of the Compare tab."""
    events = record["events"]
    compared, request = events[-1], events[-1]["request"]
    rows = [event for event in events if event["type"] == "row"]
    floors = [event for event in events if event["type"] == "floor"]
    sections = [
        section("The prompt: a stronger colour, more methods", _votes(events[0]["spans"], compared)),
        *(_method(row, request["prompt"]) for row in rows),
        section("Measures", _measures(rows, floors[0] if floors else {"draws": 0, "metrics": {}})),
        section("Agreement", note("Jaccard index of the removed sets."), _agreement(rows, compared)),
        section("Settings", settings_table(compared | request, [*request, "revision"])),
    ]
    return page(f"Maskwise: {len(rows)} methods on {request['model']}", sections)


def _votes(spans: list[dict], compared: dict) -> str:
    pairs = zip(spans, compared["votes"], strict=True)
    return coloured(compared["request"]["prompt"], [s | {"score": v, "removed": False} for s, v in pairs])


def _method(row: dict, prompt: str) -> str:
    if row["error"]:
        return section(row["title"], note(row["error"]))
    answer = element("p", row["masked_response"] or "", css="answer", dir="auto")
    said = note("What the model answers without the removed spans:")
    return section(row["title"], coloured(prompt, row["spans"]), note(row["certificate"]), said, answer)


def _measures(rows: list[dict], floor: dict) -> str:
    """A line per measure, a column per method, and last the mean of random removal with its interval."""
    names = dict.fromkeys([*floor["metrics"], *(name for row in rows for name in row["metrics"])])
    lines = []
    for name in names:
        arrow = "↓" if METRICS.get(name, True) else "↑"
        random = floor["metrics"].get(name)
        values = [_number(row["metrics"].get(name)) for row in rows]
        lines.append([f"{MEANINGS.get(name, (name,))[0]} {arrow}", *values, _interval(random)])
    lines += [[title, *(_number(row[name]) for row in rows), ""] for name, title in COSTS.items()]
    head = ["measure", *(row["title"] for row in rows), f"random, {floor['draws']} draws"]
    return f'<div class="wide">{table(lines, head)}</div>'


def _interval(random: dict | None) -> str:
    if not random:
        return ""
    return f"{_number(random['mean'])} ({_number(random['low'])} to {_number(random['high'])})"


def _agreement(rows: list[dict], compared: dict) -> str:
    lines = [
        [row["title"], *map(_number, line)] for row, line in zip(rows, compared["agreement"], strict=True)
    ]
    return f'<div class="wide">{table(lines, ["", *(row["title"] for row in rows)])}</div>'


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}".replace("-", "−")
