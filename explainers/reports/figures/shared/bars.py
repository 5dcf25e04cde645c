"""Horizontal bars beside their names: what class probabilities and drops of log p share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from explainers.reports.figures.shared.heat_map import plain
from explainers.reports.figures.shared.style import styled

BAR, SPACE = 20, 16  # px: of a bar, and between two names
AROUND, LEGEND = 90, 42  # px: title and axis; a legend below the mode bar, in two lines
BESIDE, BEFORE = 0.24, 0.5  # of the range, for the text at the end of a bar; left of one below 0


@dataclass(frozen=True)
class Bars:
    """One bar per name; None: no bar. texts: the values in words. colors: one, or one per name."""

    title: str
    values: Sequence[float | None]
    texts: list[str]
    colors: str | list[str]


def bars_figure(names: list[str], series: list[Bars], x: str, **xaxis) -> go.Figure:
    """The first name is on top. names may repeat. x: the axis' title; xaxis: more of plotly's own axis."""
    places = list(range(len(names)))
    traces = [
        go.Bar(
            orientation="h",
            name=each.title,
            x=each.values,
            y=places,
            text=each.texts,
            textposition="outside",
            textangle=0,
            cliponaxis=False,
            marker={"color": each.colors},
            customdata=[plain(name) for name in names],
            hovertemplate="%{customdata}: %{text}<extra>" + each.title + "</extra>",
        )
        for each in series
    ]
    known = [value for each in series for value in each.values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    whole = (high - low) or 1
    across = {"range": [low - (BEFORE * whole if low < 0 else 0), high + BESIDE * whole], **xaxis}
    down = {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": [plain(name) for name in names],
        "autorange": "reversed",
        "showgrid": False,
        "zeroline": False,
    }
    above = LEGEND if len(series) > 1 else 0
    height = AROUND + above + len(names) * (BAR * len(series) + SPACE)
    layout = {"height": height, "hovermode": "closest", "showlegend": len(series) > 1}
    layout["margin"] = {"l": 8, "r": 12, "t": 30 + above, "b": 8}
    legend = {"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom", "traceorder": "normal"}
    return styled(traces, x, "", xaxis=across, yaxis=down, legend=legend, **layout)
