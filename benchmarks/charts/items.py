"""Charts of what `benchmarks.run` measured, as SVG files beside the numbers."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go

from explainers.reports.figures.picture import write_picture
from explainers.reports.figures.shared.style import SERIES, styled

TEAL, ORANGE, _, PURPLE, GREY = SERIES[:5]
STYLES = {"XPrompt,": TEAL, "XPrompt without i": GREY, "XPrompt without p": PURPLE}
WAYS = {"published": "as published", "exact": "fp32 throughout", "screened": "screened in bfloat16"}
SINGLE_SEARCHES = {  # each stands at one point; where its name goes
    "best swap": "top left",
    "construction of best swap alone": "top center",
    "top 3 of single ablation": "middle right",
}
SHARE = {"tickformat": ".0%"}


def draw(name: str, result: dict, folder: Path) -> Path | None:
    """The chart of one item; None where it has none."""
    if name not in CHARTS:
        return None
    path = folder / f"{name}.svg"
    figure = CHARTS[name](result)
    write_picture(figure, path, height=figure.layout.height)
    return path


def _trajectory(result: dict) -> go.Figure:
    """A bar per way to search, in a group per case."""
    cases = result["cases"]
    bars = []
    for (name, way), color in zip(WAYS.items(), (GREY, TEAL, ORANGE), strict=True):
        medians = {title: case[name]["median"] for title, case in cases.items() if name in case}
        if medians:
            bars.append(_bar(way, medians, color))
    height = 60 + 30 * len(bars) * len(cases)
    return _bars(bars, "seconds for one XPrompt run, N = 200 (median)", height=height, barmode="group")


def _bar(name: str, seconds: dict[str, float], color: str) -> go.Bar:
    labels = [f"{value:.1f} s" for value in seconds.values()]
    return go.Bar(
        x=list(seconds.values()), y=list(seconds), name=name, orientation="h", marker={"color": color},
        text=labels, textposition="outside", cliponaxis=False,
    )  # fmt: skip


def _quality(result: dict) -> go.Figure:
    searches = result["searches"]
    traces = []
    for start, color in STYLES.items():
        points = sorted(
            (v["distinct"], v["optimal"]) for name, v in searches.items() if name.startswith(start)
        )
        label = next(name.rpartition(", N")[0] for name in searches if name.startswith(start))
        x, y = zip(*points, strict=True)
        traces.append(go.Scatter(x=x, y=y, name=f"{label}, N = 50, 100, 200", marker={"color": color}))
    for name, place in SINGLE_SEARCHES.items():
        point = searches[name]
        traces.append(
            go.Scatter(
                x=[point["distinct"]],
                y=[point["optimal"]],
                mode="markers+text",
                text=[name],
                textposition=place,
                marker={"color": ORANGE, "symbol": "diamond", "size": 9},
                showlegend=False,
                cliponaxis=False,
            )
        )
    titles = "distinct masks evaluated (mean)", "share of runs that reach the optimum"
    return styled(traces, *titles, height=420, yaxis={"range": [0, 1.1], **SHARE})


def _growth(result: dict) -> go.Figure:
    traces = []
    for what, color in (("prompt tokens", TEAL), ("response tokens", ORANGE)):
        rows = [row for row in result["rows"] if row["grows"] == what]
        tokens, times = [row["tokens"] for row in rows], [row["seconds"] for row in rows]
        traces.append(go.Scatter(x=tokens, y=times, name=f"{what.split()[0]} grows", marker={"color": color}))
    titles = "prompt and response tokens", f"seconds for {result['masks']} masks"
    return styled(traces, *titles, height=400, yaxis={"rangemode": "tozero"})


def _limit(result: dict) -> go.Figure:
    profiles = result["profiles"]
    groups = dict.fromkeys(group for shares in profiles.values() for group in shares)
    bars = [
        go.Bar(
            x=[shares.get(group, 0) for shares in profiles.values()],
            y=list(profiles),
            name=group,
            orientation="h",
            marker={"color": color},
        )
        for group, color in zip(groups, SERIES, strict=False)
    ]
    below = {"legend": {"y": -0.5, "traceorder": "normal"}, "margin": {"b": 120, "t": 12}, "height": 260}
    return _bars(bars, "share of the time of a batch of 8 masks", xaxis=SHARE, barmode="stack", **below)


def _bars(bars: list[go.Bar], x: str, **layout) -> go.Figure:
    """Horizontal bars, the first on top."""
    shape = {"height": 180, "margin": {"r": 60, "t": 12}, "yaxis": {"autorange": "reversed"}}
    return styled(bars, x, "", **shape | layout)


CHARTS = {"trajectory": _trajectory, "quality": _quality, "growth": _growth, "limit": _limit}
