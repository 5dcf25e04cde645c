"""Which words act together: each two of the removed ones, and sets of any size as arcs over the prompt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from explainers.reports.figures.shared.heat_map import heat_map, plain
from explainers.reports.figures.shared.style import MUTED, SERIES, SWAP, chart, styled
from explainers.reports.numbers import fixed

POINTS = 24  # of an arc
WIDEST = 6  # px
REINFORCING, STANDING_IN = SWAP, SERIES[2]  # thin lines, on which the colours that fill words are too pale
MOST_NAMED = 40  # words whose texts fit below the arcs
SET_HEAD = ["words", "how many", "nats"]
MEANING = (
    "Two words below zero{blue} stand in for each other; above zero{orange} they reinforce each other. Of "
    "three or more it is what their smaller sets leave over."
)
NOTE = "Each arc joins words that act together, in nats. " + MEANING.format(
    blue=" (blue)", orange=" (orange)"
)
TABLE_NOTE = "How strongly words act together, in nats. " + MEANING.format(blue="", orange="")


def pairs_figure(names: list[str], pairs: list[list[float]]) -> go.Figure:
    """names: the removed words. pairs: their interactions in nats, symmetric; the diagonal has none."""
    values = [[None if i == j else score for j, score in enumerate(row)] for i, row in enumerate(pairs)]
    texts = [["" if score is None else fixed(score) for score in row] for row in values]
    return heat_map(values, texts, names, names, signed=True)


def pairs_chart(names: list[str], pairs: list[list[float]], note: str) -> dict:
    rows = [
        [name, *("" if i == j else fixed(score) for j, score in enumerate(row))]
        for i, (name, row) in enumerate(zip(names, pairs, strict=True))
    ]
    return chart(pairs_figure(names, pairs), ["", *names], rows, note=note)


def arcs_figure(words: Sequence[str], sets: Sequence[Mapping[str, Any]]) -> go.Figure:
    """sets: {"members": indices of words in order, "nats"} each, the strongest first."""
    most = max((abs(each["nats"]) for each in sets), default=1.0)
    lines = [_arcs(words, each, most) for each in sets]
    places, names = list(range(len(words))), [plain(word) for word in words]
    dots = go.Scatter(
        x=places,
        y=[0] * len(words),
        mode="markers",
        marker={"color": MUTED, "size": 5},
        customdata=names,
        hovertemplate="%{customdata}<extra></extra>",
        showlegend=False,
    )
    bare = {"showgrid": False, "zeroline": False}
    named = {"tickmode": "array", "tickvals": places, "ticktext": names, "tickangle": -60}
    across = bare | named if len(words) <= MOST_NAMED else bare
    hidden = {"visible": False, "rangemode": "tozero"}
    title = "" if len(words) <= MOST_NAMED else "word"
    return styled([*lines, dots], title, "", xaxis=across, yaxis=hidden, hovermode="closest")


def arcs_chart(spans: Sequence[Mapping[str, Any]], sets: Sequence[Mapping[str, Any]]) -> dict:
    """The figure with its table: a row per set."""
    rows, words = set_rows(spans, sets), [span["text"] for span in spans]
    said = f"The strongest of {len(sets)} sets: {rows[0][0]}, {rows[0][2]} nats" if rows else ""
    return chart(arcs_figure(words, sets), SET_HEAD, rows, said, title="Words that act together", note=NOTE)


def set_rows(spans: Sequence[Mapping[str, Any]], sets: Sequence[Mapping[str, Any]]) -> list[list]:
    """A row of SET_HEAD per set."""
    words = [span["text"] for span in spans]
    return [[_named(words, each), len(each["members"]), fixed(each["nats"])] for each in sets]


def _arcs(words: Sequence[str], each: Mapping[str, Any], most: float) -> go.Scatter:
    """Half-circles from member to member."""
    x: list[float] = []
    y: list[float] = []
    for left, right in pairwise(each["members"]):
        middle, radius = (left + right) / 2, (right - left) / 2
        angles = [math.pi * (1 - step / POINTS) for step in range(POINTS + 1)]
        x += [middle + radius * math.cos(angle) for angle in angles]
        y += [radius * math.sin(angle) for angle in angles]
    read = f"{plain(_named(words, each))}: {fixed(each['nats'])} nats"
    color = REINFORCING if each["nats"] > 0 else STANDING_IN
    width = 1 + (WIDEST - 1) * abs(each["nats"]) / (most or 1.0)
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": color, "width": width},
        opacity=0.8,
        text=[read] * len(x),
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _named(words: Sequence[str], each: Mapping[str, Any]) -> str:
    return " + ".join(words[t] for t in each["members"])
