"""Probability ratio against k for several methods: the XPrompt paper's Figure 3, with the band of chance."""

from __future__ import annotations

import plotly.graph_objects as go

from explainers.reports.figures.shared.lines import Series, lines_chart, lines_figure

DIGITS = 3


def ratio_figure(series: list[Series]) -> go.Figure:
    return lines_figure(series, "k", "probability ratio", DIGITS, markers=True)


def ratio_chart(series: list[Series], note: str) -> dict:
    return lines_chart(ratio_figure(series), series, "k", DIGITS, note)
