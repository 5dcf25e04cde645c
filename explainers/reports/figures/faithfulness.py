"""Activation and pruning: how the class comes back as tokens are added, and moves as they are removed."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from explainers.reports.figures.shared.style import chart, series_line, styled
from explainers.reports.numbers import fixed

AXES = {"activation": "share of tokens added back", "pruning": "share of tokens removed"}
MEANT = {"activation": "probability", "pruning": "squared change"}
TITLES = {"activation": "Activation (higher is better)", "pruning": "Pruning (lower is better)"}

MOST_SAID = 6  # methods, one by one


@dataclass(frozen=True)
class Curve:
    """A method's values at eleven shares of the tokens; score: its mean over them."""

    title: str
    fractions: list[float]
    values: list[float]
    score: float


def faithfulness_figure(kind: str, curves: list[Curve]) -> go.Figure:
    """kind: "activation" or "pruning"."""
    traces = [
        go.Scatter(
            x=list(map(float, curve.fractions)), y=list(map(float, curve.values)), mode="lines",
            name=f"{curve.title} {fixed(curve.score, 3)}", line=series_line(number),
        )
        for number, curve in enumerate(curves)
    ]  # fmt: skip
    y = {"hoverformat": ".4~r", "rangemode": "tozero"} | (
        {"range": [0, 1.02]} if kind == "activation" else {}
    )
    x = {"tickformat": ".0%", "tickvals": [0, 0.25, 0.5, 0.75, 1], "ticklabeloverflow": "allow"}
    return styled(traces, AXES[kind], MEANT[kind], xaxis=x, yaxis=y)


def _scores(curves: list[Curve]) -> str:
    """Of each method; of many, the ends of their range."""
    named = [f"{curve.title} {fixed(curve.score, 3)}" for curve in sorted(curves, key=lambda c: c.score)]
    if len(named) > MOST_SAID:
        return f"{len(named)} methods, from {named[0]} to {named[-1]}"
    return ", ".join(f"{curve.title} {fixed(curve.score, 3)}" for curve in curves)


def faithfulness_chart(kind: str, curves: list[Curve], note: str) -> dict:
    head = [AXES[kind].removeprefix("share of "), *(curve.title for curve in curves)]
    shares = curves[0].fractions if curves else []
    rows = [
        [f"{share:.0%}".replace("%", " %"), *(fixed(curve.values[step], 4) for curve in curves)]
        for step, share in enumerate(shares)
    ]
    said = f"{TITLES[kind]}: {_scores(curves)}"
    return chart(faithfulness_figure(kind, curves), head, rows, said, title=TITLES[kind], note=note)
