"""How fast XPrompt and its two ablations converge, over several seeds: the paper's Figure 4 and Table 4."""

from __future__ import annotations

import gradio as gr

from components.page.view import view

READING = (
    "log p of the answer under the best set so far; lower is better. A line is the mean of {seeds}, its "
    "band reaches from the lowest seed to the highest. The floor: without initialisation the search starts "
    "at a set drawn at random, so what it falls from its first point on is what searching adds to chance."
)


def convergence_bands(elem_id: str, label: str = "Convergence of XPrompt and its ablations") -> gr.HTML:
    """Lines with bands, read by pointer or arrow keys. value: what `bands_value` returns.

    The text of `.cap` ends each drawing: "iteration 100 of 100: XPrompt −34.20, …".
    """
    return view("compare/convergence_bands", elem_id, label, {"series": []})


def bands_value(curves: list[dict]) -> dict:
    """Value of the plot from `curve` events: mean, lowest and highest over the seeds of each method."""
    methods = dict.fromkeys(curve["method"] for curve in curves)
    series = [_series([curve for curve in curves if curve["method"] == method]) for method in methods]
    seeds = len({curve["seed"] for curve in curves})
    note = READING.format(seeds=f"{seeds} seed{'s' if seeds > 1 else ''}")
    return {"series": series, "total": max((len(each["y"]) for each in series), default=0), "note": note}


def _series(curves: list[dict]) -> dict:
    columns = list(zip(*(curve["y"] for curve in curves), strict=True))
    return {
        "name": curves[0]["method"],
        "title": curves[0]["title"],
        "y": [sum(column) / len(column) for column in columns],
        "low": [min(column) for column in columns],
        "high": [max(column) for column in columns],
        "floor": False,
    }
