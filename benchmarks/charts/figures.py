"""The charts of `benchmarks.figures`, as SVG files."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from explainers.measures.intervals import interval
from explainers.reports.figures.convergence_bands import bands_figure
from explainers.reports.figures.heat_map import plain
from explainers.reports.figures.lines import Series
from explainers.reports.figures.picture import write_picture
from explainers.reports.figures.ratio_over_k import ratio_figure

COLUMNS, PANEL, LEGEND = 3, 240, 60  # panels side by side; px


def draw_ratios(result: dict, path: Path) -> None:
    """Probability ratio against k, one line per method: the mean over prompts, and random removal's band."""
    means = dict(result["mean_ratios"])
    floor = _series("Random removal, 95 % interval", means.pop("random"), "probability_ratio", floor=True)
    methods = [_series(result["titles"][name], points, "probability_ratio") for name, points in means.items()]
    figure = ratio_figure([floor, *methods])
    write_picture(figure.update_yaxes(title="probability ratio (lower is better)"), path, height=460)


def draw_convergence(result: dict, path: Path) -> None:
    """Log p against the iteration, a panel for each prompt: mean over seeds and its 95 % interval."""
    prompts = result["curves"]
    columns = min(COLUMNS, len(prompts))
    rows = -(-len(prompts) // columns)
    titles = [plain(_shortened(prompt["prompt"])) for prompt in prompts]
    figure = make_subplots(rows, columns, subplot_titles=titles, horizontal_spacing=0.09)
    for place, prompt in enumerate(prompts):
        panel = bands_figure(_curves(prompt["curves"], result["titles"]))
        row, column = divmod(place, columns)
        if place:
            panel.update_traces(showlegend=False)
        figure.add_traces(panel.data, rows=row + 1, cols=column + 1)
        figure.update_xaxes(title=panel.layout.xaxis.title, row=row + 1, col=column + 1)
    write_picture(_shared_look(figure, panel), path, height=PANEL * rows + LEGEND, width=320 * columns)


def _curves(curves: dict, titles: dict) -> list[Series]:
    means = {name: [interval(values) for values in zip(*runs, strict=True)] for name, runs in curves.items()}
    return [_series(titles[name], points, "mean") for name, points in means.items()]


def _shared_look(figure: go.Figure, panel: go.Figure) -> go.Figure:
    """The look of one panel for all of them; the axis' title once, at the left."""
    layout = panel.layout
    axis = {"gridcolor": layout.yaxis.gridcolor, "linecolor": layout.yaxis.linecolor, "automargin": True}
    legend = {"orientation": "h", "y": 1.12, "yanchor": "bottom", "x": 0}
    figure.update_layout(plot_bgcolor=layout.plot_bgcolor, font=layout.font, margin={"r": 12, "b": 8})
    figure.update_layout(legend=legend).update_annotations(font_size=10)
    figure.update_xaxes(axis).update_yaxes(axis)
    return figure.update_yaxes(title=layout.yaxis.title, col=1)


def _series(title: str, points: list[dict], value: str, floor: bool = False) -> Series:
    low, high = ([point.get(end) for point in points] for end in ("low", "high"))
    return Series(title, [point[value] for point in points], low, high, floor)


def _shortened(text: str, longest: int = 44) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
