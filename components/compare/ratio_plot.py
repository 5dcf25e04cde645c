"""The probability ratio against k for several methods, with the band of chance."""

from __future__ import annotations

import gradio as gr

from components.pieces.views import charts
from explainers.reports.figures.ratio_over_k import ratio_chart
from explainers.reports.figures.shared.lines import Series

RANDOM = "random"
READING = (
    "Probability ratio of the best {unit}s each method found for each k; lower is better. The dashed line is "
    "removal at random, its band the 95 % interval of the mean: what lies inside it is no better than chance."
)
EMPTY = "Press Ratio for k = 1…K to see how far each method gets with one word, two, and so on."


def ratio_plot(elem_id: str) -> gr.HTML:
    """Lines over k = 1, 2, …. value: what `ratio_value` returns.

    The text of `.cap` is the summary: "k 5 of 5: XPrompt 0.312, random removal 0.871".
    """
    return charts(elem_id, "Probability ratio for each k", EMPTY)


def ratio_value(points: list[dict], titles: dict[str, str], most: int, unit: str) -> dict:
    """Value of the plot from `point` events. titles: by method, in the order of the legend."""
    series = [ratio_series(points, method, title, most) for method, title in titles.items()]
    series.append(ratio_series(points, RANDOM, "random removal", most))
    drawn = [each for each in series if any(value is not None for value in each.y)]
    return {"charts": [ratio_chart(drawn, READING.format(unit=unit))]}


def ratio_series(points: list[dict], method: str, title: str, most: int) -> Series:
    own = {point["k"]: point for point in points if point["method"] == method}
    y, low, high = (
        [own.get(k, {}).get(key) for k in range(1, most + 1)] for key in ("probability_ratio", "low", "high")
    )
    return Series(title, y, low, high, floor=method == RANDOM)
