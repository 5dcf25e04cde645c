"""How fast XPrompt and its two ablations converge, over several seeds: the paper's Figure 4 and Table 4."""

from __future__ import annotations

import gradio as gr

from components.pieces.views import charts
from explainers.reports.figures.convergence_bands import bands_chart
from explainers.reports.figures.shared.lines import Series

READING = (
    "log p of the answer under the best set so far; lower is better. A line is the mean of {seeds}, its "
    "band reaches from the lowest seed to the highest. The floor: without initialisation the search starts "
    "at a set drawn at random, so what it falls from its first point on is what searching adds to chance."
)
EMPTY = "Press Convergence to run XPrompt and its two ablations over several seeds."


def convergence_bands(elem_id: str) -> gr.HTML:
    """Lines with bands. value: what `bands_value` returns.

    The text of `.cap` is the summary: "iteration 100 of 100: XPrompt −34.20, …".
    """
    return charts(elem_id, "Convergence of XPrompt and its ablations", EMPTY)


def bands_value(curves: list[dict]) -> dict:
    """Value of the plot from `curve` events: mean, lowest and highest over the seeds of each method."""
    methods = dict.fromkeys(curve["method"] for curve in curves)
    series = [bands_series([curve for curve in curves if curve["method"] == method]) for method in methods]
    seeds = len({curve["seed"] for curve in curves})
    return {"charts": [bands_chart(series, READING.format(seeds=f"{seeds} seed{'s' if seeds > 1 else ''}"))]}


def bands_series(curves: list[dict]) -> Series:
    columns = list(zip(*(curve["y"] for curve in curves), strict=True))
    means = [sum(column) / len(column) for column in columns]
    return Series(
        curves[0]["title"], means, [min(column) for column in columns], [max(column) for column in columns]
    )
