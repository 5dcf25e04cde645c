"""How fast searches converge over several seeds: the XPrompt paper's Figure 4."""

from __future__ import annotations

import plotly.graph_objects as go

from explainers.reports.figures.shared.lines import Series, lines_chart, lines_figure

DIGITS = 2


def bands_figure(series: list[Series]) -> go.Figure:
    return lines_figure(series, "iteration", "log p (nats)", DIGITS, markers=False)


def bands_chart(series: list[Series], note: str) -> dict:
    return lines_chart(bands_figure(series), series, "iteration", DIGITS, note)
