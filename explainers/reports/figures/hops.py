"""What each step back to the prompt adds to the words' scores: hop × word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from explainers.reports.figures.shared.heat_map import heat_map
from explainers.reports.figures.shared.style import chart

COLUMN = 74  # px
NOTE = (
    "A word's share of the information that flowed into the explained tokens. Hop 0: straight from the word. "
    "Each further hop: through the model's own words, one step more. The rows add up to the word's score."
)


def hops_figure(words: list[str], rows: list[list[float]]) -> go.Figure:
    """rows: of each hop, a share per word."""
    most = max((share for row in rows for share in row), default=0.0) or 1.0
    strengths = [[share / most for share in row] for row in rows]
    texts = [[_shown(share) for share in row] for row in rows]
    figure = heat_map(strengths, texts, [_name(hop) for hop in range(len(rows))], words, signed=False)
    wide = 120 + COLUMN * len(words)
    return figure.update_layout(width=wide, uirevision="hops")  # it takes the place of a search's axes


def hops_chart(spans: Sequence[Mapping[str, Any]]) -> dict:
    """spans: each with its text and its hops. The figure with its table: a row per word."""
    words = [span["text"] for span in spans]
    rows = [list(row) for row in zip(*(span["hops"] for span in spans), strict=True)]
    said = "; ".join(f"{_name(hop)}: {_shown(sum(row))} on the words" for hop, row in enumerate(rows))
    return chart(hops_figure(words, rows), hop_head(spans), hop_rows(spans), said, title="Hops", note=NOTE)


def hop_head(spans: Sequence[Mapping[str, Any]]) -> list[str]:
    """word, hop 0, hop 1, …"""
    return ["word", *map(_name, range(len(spans[0]["hops"])))]


def hop_rows(spans: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row of `hop_head` per word."""
    return [[span["text"], *map(_shown, span["hops"])] for span in spans]


def _name(hop: int) -> str:
    return f"hop {hop}"


def _shown(share: float) -> str:
    return f"{share:.1%}"
