"""How far log p falls when words are removed together, and when each is removed alone."""

from __future__ import annotations

import plotly.graph_objects as go

from explainers.reports.figures.shared.bars import Bars, bars_figure
from explainers.reports.figures.shared.style import ACCENT, MUTED, NEGATIVE, SWAP, chart
from explainers.reports.numbers import fixed

TOGETHER, ADDED_UP = "all together", "one by one, added up"
NATS = "nats that log p falls"


def drops_figure(names: list[str], together: float, singles: list[float]) -> go.Figure:
    """In nats, below zero where log p rises."""
    labels, drops = _rows(names, together, singles)
    colors = [ACCENT, SWAP, *[MUTED] * len(singles)]
    shown = [color if drop >= 0 else NEGATIVE for color, drop in zip(colors, drops, strict=True)]
    return bars_figure(labels, [Bars("", drops, [fixed(drop) for drop in drops], shown)], NATS)


def drops_chart(names: list[str], together: float, singles: list[float]) -> dict:
    labels, drops = _rows(names, together, singles)
    said = f"{TOGETHER} {fixed(together)} nats, {ADDED_UP} {fixed(sum(singles))} nats"
    rows = [[label, fixed(drop)] for label, drop in zip(labels, drops, strict=True)]
    return chart(drops_figure(names, together, singles), ["removed", "nats"], rows, said)


def _rows(names: list[str], together: float, singles: list[float]) -> tuple[list[str], list[float]]:
    return [TOGETHER, ADDED_UP, *names], [together, sum(singles), *singles]
