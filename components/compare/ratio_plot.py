"""The probability ratio against k for several methods: the paper's Figure 3, with the band of chance."""

from __future__ import annotations

import gradio as gr

from components.page.view import view

RANDOM = "random"
READING = (
    "Probability ratio of the best {unit}s each method found for each k; lower is better. The dashed line is "
    "removal at random, its band the 95 % interval of the mean: what lies inside it is no better than chance."
)


def ratio_plot(elem_id: str, label: str = "Probability ratio for each k") -> gr.HTML:
    """Lines over k = 1, 2, …, read by pointer or arrow keys. value: what `ratio_value` returns.

    The text of `.cap` ends each drawing: "k 5 of 5: XPrompt 0.312, random removal 0.871".
    """
    return view("compare/ratio_plot", elem_id, label, {"series": []})


def ratio_value(points: list[dict], titles: dict[str, str], most: int, unit: str) -> dict:
    """Value of the plot from `point` events. titles: by method, in the order of the legend."""
    series = [_series(points, method, title, most) for method, title in titles.items()]
    series.append(_series(points, RANDOM, "random removal", most) | {"floor": True})
    drawn = [each for each in series if any(value is not None for value in each["y"])]
    return {"series": drawn, "total": most, "note": READING.format(unit=unit)}


def _series(points: list[dict], method: str, title: str, most: int) -> dict:
    own = {point["k"]: point for point in points if point["method"] == method}
    row = {
        name: [own.get(k, {}).get(key) for k in range(1, most + 1)]
        for name, key in (("y", "probability_ratio"), ("low", "low"), ("high", "high"))
    }
    return {"name": method, "title": title, **row, "floor": False}
