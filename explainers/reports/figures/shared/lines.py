"""Lines over 1, 2, …, some with a band: what ratio over k and convergence bands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from explainers.reports.figures.shared.style import MUTED, chart, series_line, styled
from explainers.reports.numbers import fixed


@dataclass(frozen=True)
class Series:
    """y[i] belongs to step i + 1, None where there is none; low and high are the ends of its band.

    floor: what chance reaches, drawn in grey.
    """

    title: str
    y: list[float | None]
    low: list[float | None]
    high: list[float | None]
    floor: bool = False


def lines_figure(series: list[Series], x: str, y: str, digits: int, markers: bool) -> go.Figure:
    traces = []
    for number, each in enumerate(series):
        floor: dict[str, Any] = {"color": MUTED, "dash": "dash", "width": 2}
        line = floor if each.floor else series_line(number)
        traces += [_band(each, line["color"]), _line(each, line, markers)]
    axis = {"hoverformat": f".{digits}f", "rangemode": "tozero" if markers else "normal"}
    steps = max((len(each.y) for each in series), default=1)
    ticks = {"dtick": 1} if steps <= 12 else {}
    return styled([trace for trace in traces if trace], x, y, yaxis=axis, xaxis=ticks)


def lines_chart(figure: go.Figure, series: list[Series], x: str, digits: int, note: str) -> dict:
    """The figure with its table; its summary is the last step at which there is a value."""
    total = max((len(each.y) for each in series), default=0)
    rows = [[step, *(_value(each, step, digits) for each in series)] for step in range(1, total + 1)]
    known = [row for row in rows if any(value != "–" for value in row[1:])]
    said = ""
    if known:
        values = [f"{each.title} {value}" for each, value in zip(series, known[-1][1:], strict=True)]
        said = f"{x} {known[-1][0]} of {total}: {', '.join(values)}"
    return chart(figure, [x, *(each.title for each in series)], known, said, note=note)


def _line(each: Series, line: dict, markers: bool) -> go.Scatter:
    steps = list(range(1, len(each.y) + 1))
    mode = "lines+markers" if markers else "lines"
    return go.Scatter(x=steps, y=each.y, name=each.title, mode=mode, line=line, legendgroup=each.title)


def _band(each: Series, color: str) -> go.Scatter | None:
    """Its outline: along the high ends, and back along the low ones."""
    ends = zip(each.low, each.high, strict=True)
    inside = [i for i, (low, high) in enumerate(ends) if low is not None and high is not None]
    if len(inside) < 2:
        return None
    x = [i + 1 for i in (*inside, *reversed(inside))]
    y = [each.high[i] for i in inside] + [each.low[i] for i in reversed(inside)]
    return go.Scatter(
        x=x, y=y, fill="toself", fillcolor=color, opacity=0.18, line={"width": 0}, mode="lines",
        hoverinfo="skip", showlegend=False, legendgroup=each.title,
    )  # fmt: skip


def _value(each: Series, step: int, digits: int) -> str:
    if step > len(each.y) or each.y[step - 1] is None:
        return "–"
    low, high = each.low[step - 1], each.high[step - 1]
    between = (
        f" ({fixed(low, digits)} to {fixed(high, digits)})" if None not in (low, high) and low != high else ""
    )
    return fixed(each.y[step - 1], digits) + between
