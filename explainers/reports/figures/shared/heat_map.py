"""Numbers of rows × columns as colours with their text: what the layer lens, pairs and agreement share."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from explainers.reports.figures.shared.style import ACCENT, INK, NEGATIVE, POSITIVE, SURFACE, styled

CELL = 34  # px
FAINT = 2.4  # the value of full colour on a scale to 1, so that the text stays readable on it


def heat_map(
    values: Sequence[Sequence[float | None]],
    texts: list[list[str]],
    rows: list[str],
    columns: list[str],
    signed: bool,
    hover: list[list[str]] | None = None,
) -> go.Figure:
    """A figure whose first row is on top. signed: colours on both sides of 0, else from 0 to 1 of the accent.

    rows, columns: names, which may repeat. hover: what is read of a cell; its text where none is given.
    """
    shown = [[plain(text) for text in row] for row in texts]
    read = [[plain(text) for text in row] for row in hover] if hover else shown
    most = max([1.0, *(abs(value) for row in values for value in row if value is not None)])
    scale = [[0, NEGATIVE], [0.5, SURFACE], [1, POSITIVE]] if signed else [[0, SURFACE], [1, ACCENT]]
    trace = go.Heatmap(
        z=values,
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        text=shown,
        texttemplate="%{text}",
        textfont={"color": INK},
        customdata=read,
        hovertemplate="%{customdata}<extra></extra>",
        colorscale=scale,
        showscale=False,
        zmin=-most if signed else 0,
        zmax=most if signed else FAINT,
        xgap=2,
        ygap=2,
    )
    ticks = {"showgrid": False, "zeroline": False, "tickmode": "array"}
    across = {
        **ticks,
        "tickvals": list(range(len(columns))),
        "ticktext": list(map(plain, columns)),
        "side": "top",
        "tickangle": 0,
    }
    down = {
        **ticks,
        "tickvals": list(range(len(rows))),
        "ticktext": list(map(plain, rows)),
        "autorange": "reversed",
    }
    height = 60 + CELL * len(rows)
    return styled([trace], "", "", xaxis=across, yaxis=down, height=height, hovermode="closest")


def plain(text: str) -> str:
    """Text as plotly shows it, which would else read <b> and <a> as markup."""
    return escape(text, quote=False)
