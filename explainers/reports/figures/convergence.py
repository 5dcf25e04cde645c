"""A search while it runs: log p of the best set, of each proposal, and the accepted swaps."""

from __future__ import annotations

from dataclasses import dataclass, field

import plotly.graph_objects as go

from explainers.reports.figures.shared.style import ACCENT, INK, MUTED, SWAP, chart, styled
from explainers.reports.numbers import fixed


@dataclass
class Search:
    """Each list has an entry per step; log p in nats. steps: their numbers, 1, 2, … where none are given.

    unmasked: log p of the whole prompt. total: steps planned.
    """

    best: list[float] = field(default_factory=list)
    proposals: list[float | None] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)
    unmasked: float | None = None
    total: int = 0
    steps: list[int] | None = None

    def numbers(self) -> list[int]:
        return self.steps or list(range(1, len(self.best) + 1))


def convergence_figure(search: Search) -> go.Figure:
    """log p in nats against the step."""
    steps = search.numbers()
    swaps = [i for i, accepted in enumerate(search.accepted) if accepted]
    reached = [search.best[i] for i in swaps]
    line = {"color": ACCENT, "width": 2.25, "shape": "hv"}
    dots, rings = {"color": MUTED, "size": 4, "opacity": 0.6}, {"color": SWAP, "size": 8}
    end = max(search.total, len(search.best), 1)
    traces = [
        _trace("best so far", steps, search.best, mode="lines", line=line),
        _trace("proposal", steps, search.proposals, mode="markers", marker=dots),
        _trace("accepted swap", [steps[i] for i in swaps], reached, mode="markers", marker=rings),
    ]
    if search.unmasked is not None:
        dashed = {"color": INK, "width": 1.25, "dash": "dash"}
        y = [search.unmasked] * 2
        traces.append(_trace("unmasked prompt", [1, end], y, mode="lines", line=dashed))
    axis = {"range": [0, end + end / 50]}
    return styled(traces, "iteration", "log p of the answer (nats)", xaxis=axis, yaxis={"hoverformat": ".2f"})


def _trace(name: str, x: list, y: list, **style) -> go.Scatter:
    return go.Scatter(x=x, y=y, name=name, **style)


def convergence_chart(search: Search) -> dict:
    """The figure with its table. Its summary: "iteration 40 of 100: log p −52.31 (unmasked −20.10)"."""
    tried = [fixed(number) for number in search.proposals]
    verdicts = ["accepted" if accepted else "rejected" for accepted in search.accepted]
    best = [fixed(number) for number in search.best]
    rows = [list(row) for row in zip(search.numbers(), best, tried, verdicts, strict=True)]
    said = f"iteration {len(rows)} of {max(search.total, len(rows))}: log p {best[-1]}" if rows else ""
    if rows and search.unmasked is not None:
        said += f" (unmasked {fixed(search.unmasked)})"
    return chart(convergence_figure(search), ["iteration", "best", "proposal", ""], rows, said)
