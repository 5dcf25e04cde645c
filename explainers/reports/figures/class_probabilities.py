"""The probability of each class with all words, and without the removed ones."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go

from explainers.reports.class_sentence import percent
from explainers.reports.figures.shared.bars import BESIDE, Bars, bars_figure
from explainers.reports.figures.shared.style import ACCENT, MUTED, chart

BEFORE, AFTER = "with all words", "without the removed words"
SHARE = "probability"


@dataclass(frozen=True)
class ClassChange:
    """before and after: probabilities, 0 to 1; after is None where it was not measured."""

    label: str
    before: float
    after: float | None


def classes_figure(classes: list[ClassChange], explained: str) -> go.Figure:
    """explained: the class that the removed words were chosen for."""
    names = [f"{c.label} (explained)" if c.label == explained else c.label for c in classes]
    before = Bars(BEFORE, [c.before for c in classes], [_share(c.before) for c in classes], MUTED)
    after = Bars(AFTER, [c.after for c in classes], [_share(c.after) for c in classes], ACCENT)
    return bars_figure(names, [before, after], SHARE, range=[0, 1 + BESIDE], tickformat=".0%", dtick=0.25)


def classes_chart(classes: list[ClassChange], explained: str) -> dict:
    """As `classes_figure`; its summary names the likeliest class before and after."""
    rows = [[c.label, _share(c.before), _share(c.after)] for c in classes]
    return chart(classes_figure(classes, explained), ["class", BEFORE, AFTER], rows, _said(classes))


def _said(classes: list[ClassChange]) -> str:
    first = max(classes, key=lambda c: c.before)
    said = f"{BEFORE} {first.label} {_share(first.before)}"
    known = [(c.after, c.label) for c in classes if c.after is not None]
    if not known:
        return said
    share, label = max(known)
    return f"{said}, {AFTER} {label} {_share(share)}"


def _share(probability: float | None) -> str:
    return "–" if probability is None else percent(probability, tenths=True)
