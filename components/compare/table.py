"""Chosen methods side by side, one row each, and below them what removal at random reaches."""

from __future__ import annotations

import math
from typing import TypeGuard

import gradio as gr

from components.page.view import view
from explainers.measures.text import METRICS
from explainers.reports.metric_rows import MEANINGS

SHOWN = ("probability_ratio", "kl", "bleu", "rouge_l_f1", "sentence_bert")  # the other measures on demand
COSTS = {"seconds": "Seconds", "forward_passes": "Forward passes"}
SHORT = {"probability_ratio": "Ratio", "kl": "KL", "rouge_l_f1": "ROUGE-L F1", "sentence_bert": "S-BERT"}


def compare_table(elem_id: str) -> gr.HTML:
    """A table sorted by its headers; on a phone its rows are cards. value: what `table_value` returns."""
    return view("compare/table", elem_id, "Methods side by side", {"rows": []})


def table_value(
    prompt: str, rows: list[dict], floor: dict, agreement: dict, best: dict, removed: str
) -> dict:
    """Value of the table from the events `row` and `floor` of a comparison.

    agreement: {"rows": by method its mean agreement with the others, "chance": the same of two random sets}.
    best: {measure: method}. removed: what was removed, as "3 words".
    """
    columns = _columns(rows, floor, agreement)
    winners = _winners(rows, best)
    return {
        "text": prompt,
        "columns": columns,
        "rows": [_row(row, columns, agreement["rows"], winners) for row in rows],
        "floor": _floor_row(columns, floor),
        "reading": [line for column in columns if (line := _reading(column, removed))],
    }


def number(value: float | None, digits: int = 3) -> str:
    if value is None or not math.isfinite(value):
        return "not defined"
    return f"{value:,.{digits}f}".replace("-", "−")


def _columns(rows: list[dict], floor: dict, agreement: dict) -> list[dict]:
    """name, title, direction (that of better values), top (of the scale from 0), more (shown on demand) and
    floor ({"mean", "low", "high", "draws"}, or the mean alone) of each column."""
    floors = floor.get("metrics", {})
    measured = dict.fromkeys([*floors, *(name for row in rows for name in row["metrics"])])
    order = {name: place for place, name in enumerate(SHOWN)}
    names = sorted(measured, key=lambda name: order.get(name, len(SHOWN)))
    chance = agreement["chance"]
    plain = {"direction": "lower", "top": None, "more": False, "floor": None}
    together = {"name": "agreement", "title": "Agreement", "direction": "higher", "top": 1.0, "more": False}
    return [
        *(_measure(name, rows, floors.get(name)) for name in names),
        together | {"floor": None if chance is None else {"mean": chance}},
        *(plain | {"name": name, "title": title} for name, title in COSTS.items()),
    ]


def _measure(name: str, rows: list[dict], floor: dict | None) -> dict:
    values = [row["metrics"].get(name) for row in rows] + ([floor["high"], floor["mean"]] if floor else [])
    return {
        "name": name,
        "title": SHORT.get(name) or MEANINGS.get(name, (name,))[0],
        "direction": "lower" if METRICS.get(name, True) else "higher",
        "top": max([1e-9, *(value for value in values if _defined(value))]),
        "more": name not in SHOWN,
        "floor": floor,
    }


def _winners(rows: list[dict], best: dict) -> set[tuple[str, str]]:
    """(measure, method) of the best of each measure, with every method that ties with it."""
    by_method = {row["method"]: row["metrics"] for row in rows}
    found = set()
    for name, method in best.items():
        top = by_method.get(method, {}).get(name)
        for other, metrics in by_method.items():
            value = metrics.get(name)
            if _defined(top) and _defined(value) and math.isclose(value, top, rel_tol=1e-6, abs_tol=1e-9):
                found.add((name, other))
    return found


def _row(row: dict, columns: list[dict], agreements: dict, winners: set) -> dict:
    values = {**row["metrics"], "agreement": agreements.get(row["method"])} | {
        name: row[name] for name in COSTS
    }
    cells = [_cell(c, values.get(c["name"]), (c["name"], row["method"]) in winners) for c in columns]
    texts = {name: row[name] or "" for name in ("certificate", "error", "masked_response")}
    return {"method": row["method"], "title": row["title"], "spans": row["spans"], "cells": cells, **texts}


def _cell(column: dict, value: float | None, best: bool) -> dict:
    """value: None where there is none. at, floor: places on the column's scale from 0 to 1, if any."""
    if not _defined(value):
        return {
            "value": None,
            "text": "–",
            "note": "",
            "best": False,
            "verdict": "",
            "at": None,
            "floor": None,
        }
    verdict = _verdict(value, column["floor"], column["direction"])
    note = {"random": "≈ random", "worse": "worse than random"}.get(verdict, "")
    cell = {"value": value, "text": number(value, _digits(column)), "note": note, "best": best}
    return cell | {"verdict": verdict, "at": _place(column, value), "floor": _floor_places(column)}


def _digits(column: dict) -> int:
    return {"seconds": 2, "forward_passes": 0, "agreement": 2}.get(column["name"], 3)


def _defined(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _verdict(value: float, floor: dict | None, direction: str) -> str:
    """Against the floor's interval: better, random (inside it) or worse; "" where there is no interval."""
    if not floor or "low" not in floor:
        return ""
    if floor["low"] <= value <= floor["high"]:
        return "random"
    return "better" if (value < floor["low"]) == (direction == "lower") else "worse"


def _place(column: dict, value: float) -> float | None:
    return min(max(value / column["top"], 0.0), 1.0) if column["floor"] else None


def _floor_places(column: dict) -> dict | None:
    """Places of the floor's mean and of the ends of its interval, which may have none."""
    if not (own := column["floor"]):
        return None
    mean = own["mean"]
    ends = {"mean": mean, "low": own.get("low", mean), "high": own.get("high", mean)}
    return {name: _place(column, value) for name, value in ends.items()}


def _floor_row(columns: list[dict], floor: dict) -> dict | None:
    if not floor:
        return None
    cells = []
    for column in columns:
        own = column["floor"]
        text = number(own["mean"], _digits(column)) if own else "–"
        between = f"{number(own['low'])} to {number(own['high'])}" if own and "low" in own else ""
        cells.append({"text": text, "note": between, "at": None, "floor": _floor_places(column)})
    return {"title": "Random removal", "about": "mean and its 95 % interval", "cells": cells}


def _reading(column: dict, removed: str) -> dict | None:
    """How to read one measure: what it is, its floor, and from where on a method beats chance."""
    name, own = column["name"], column["floor"]
    if name == "agreement" and own:
        text = (
            "What a method and another both removed, as a share of what either did, mean over the others, "
            f"0 to 1. Two random sets have {number(own['mean'], 2)} on average. High agreement is no proof: "
            "methods can err together."
        )
        return {"title": "Agreement", "text": text, "more": False}
    if name in COSTS or not own:
        return None
    title, meaning = MEANINGS.get(name, (name, ""))
    chance = (
        f"{removed} removed at random: {number(own['mean'])} on average over {own['draws']} draws, "
        f"95 % interval {number(own['low'])} to {number(own['high'])}. {_threshold(column)}"
    )
    title = f"{title} ({column['direction']} is better)"
    return {"title": title, "text": f"{meaning} {chance}".strip(), "more": column["more"]}


def _threshold(column: dict) -> str:
    low, high = column["floor"]["low"], column["floor"]["high"]
    if column["direction"] == "higher":
        return f"Above {number(high)} a method did better than chance."
    if low <= 0:
        return "The interval reaches 0, so these draws cannot tell a good method from chance."
    return f"Below {number(low)} a method did better than chance."
