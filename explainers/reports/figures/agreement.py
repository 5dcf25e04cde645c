"""How much the removed sets of each two methods have in common."""

from __future__ import annotations

import plotly.graph_objects as go

from explainers.reports.figures.shared.heat_map import heat_map
from explainers.reports.figures.shared.style import chart
from explainers.reports.numbers import fixed

NAMES, COLUMN = 190, 38  # px, at least


def agreement_figure(titles: list[str], matrix: list[list[float]]) -> go.Figure:
    """matrix: Jaccard index of each two, 0 to 1, in the order of titles. Columns bear the rows' numbers."""
    texts = [[fixed(index) for index in row] for row in matrix]
    pairs = [
        [f"{a} and {b}: {text}" for b, text in zip(titles, row, strict=True)]
        for a, row in zip(titles, texts, strict=True)
    ]
    numbers = [str(number) for number in range(1, len(titles) + 1)]
    rows = [f"{number} {title}" for number, title in zip(numbers, titles, strict=True)]
    figure = heat_map(matrix, texts, rows, numbers, signed=False, hover=pairs)
    return figure.update_layout(width=NAMES + COLUMN * len(titles))


def agreement_chart(titles: list[str], matrix: list[list[float]], note: str) -> dict:
    rows = [[title, *map(fixed, row)] for title, row in zip(titles, matrix, strict=True)]
    return chart(agreement_figure(titles, matrix), ["", *titles], rows, title="Each two methods", note=note)
