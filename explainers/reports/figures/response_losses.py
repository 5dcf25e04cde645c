"""What each token of an answer loses without the removed words."""

from __future__ import annotations

import plotly.graph_objects as go

from explainers.core.unicode import visible_name
from explainers.reports.figures.shared.heat_map import plain
from explainers.reports.figures.shared.style import NEGATIVE, POSITIVE, chart, styled
from explainers.reports.numbers import fixed

MOST_NAMED = 24  # tokens whose texts fit below the bars


def losses_figure(tokens: list[str], losses: list[float]) -> go.Figure:
    """losses: nats, below zero where a token becomes likelier."""
    places, names = list(range(1, len(tokens) + 1)), [plain(visible_name(token)) for token in tokens]
    bars = go.Bar(
        x=places,
        y=losses,
        customdata=names,
        hovertemplate="%{customdata}: %{y:.2f} nats<extra></extra>",
        marker={"color": [POSITIVE if loss >= 0 else NEGATIVE for loss in losses]},
    )
    named = {"tickmode": "array", "tickvals": places, "ticktext": names, "tickangle": -60}
    axis = named if len(tokens) <= MOST_NAMED else {}
    title = "" if axis else "token of the answer"
    return styled([bars], title, "nats lost", xaxis=axis, hovermode="closest", showlegend=False)


def losses_chart(tokens: list[str], losses: list[float]) -> dict:
    rows = [[visible_name(token), fixed(loss)] for token, loss in zip(tokens, losses, strict=True)]
    total = sum(losses)
    said = f"{len(tokens)} tokens {'gain' if total < 0 else 'lose'} {fixed(abs(total))} nats together"
    return chart(losses_figure(tokens, losses), ["token", "nats lost"], rows, said)
