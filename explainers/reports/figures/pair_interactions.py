"""Which of the removed words act together, each two of them."""

from __future__ import annotations

import plotly.graph_objects as go

from explainers.reports.figures.heat_map import heat_map
from explainers.reports.figures.style import chart, fixed


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
