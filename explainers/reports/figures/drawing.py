"""A figure as an SVG within a page that runs no script: lines, dots and cells over axes of names.

Its colours are style variables of the page, as `VARIABLES` names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape, unescape

import plotly.graph_objects as go

from explainers.reports.figures.shared.style import VARIABLES

WIDTH = 760  # px, where the figure has none of its own
LETTER, SMALL = 6.6, 12  # px: an average letter's width, and the size of letters
EDGE = 10  # px around the drawing
DOT, GAP = 2.5, 2  # px: a dot's radius, and what lies between two cells
LOWER = 4  # px from the middle of a line of letters to its base
SLOPE = 0.87  # of a name that is written along a steep line: its height
LONGEST = 22  # letters of a name that is written along such a line


def drawing(figure: go.Figure, about: str) -> str:
    """The figure as an <svg>. about: what it shows, for who cannot see it."""
    frame = Frame(figure)
    inner = "".join([*_shapes(figure, frame), *_names(figure, frame)])
    size = f'viewBox="0 0 {frame.width:.0f} {frame.height:.0f}" width="{frame.width:.0f}"'
    return f'<svg class="figure" {size} role="img" aria-label="{escape(about)}">{inner}</svg>'


class Frame:
    """Where the values of a figure's axes lie in its drawing, in px."""

    def __init__(self, figure: go.Figure):
        layout = figure.layout
        self.width, self.height = layout.width or WIDTH, layout.height
        self.steep, self.on_top = bool(layout.xaxis.tickangle), layout.xaxis.side == "top"
        across, down = _ticks(layout.xaxis, LONGEST), _ticks(layout.yaxis, LONGEST)
        along, beside = _longest(across), _longest(down)
        named = (along * SLOPE if self.steep else SMALL) + EDGE if across else 0
        self.left = EDGE + max(beside + (EDGE if down else 0), along / 2 if self.steep else 0)
        self.top, self.bottom = EDGE + (named if self.on_top else 0), EDGE + (0 if self.on_top else named)
        half = 0.5 if any(trace.type == "heatmap" for trace in figure.data) else 0.0  # a cell reaches so far
        xs, ys = ([value for trace in figure.data for value in trace[axis]] for axis in "xy")
        self.x0, self.x1 = min(xs) - half, max(xs) + half
        self.y0, self.y1 = min(ys) - half, max(ys) + half
        if layout.yaxis.autorange != "reversed":
            self.y0, self.y1 = self.y1, self.y0  # the highest is on top

    def x(self, value: float) -> float:
        return self.left + (value - self.x0) / ((self.x1 - self.x0) or 1) * (self.width - self.left - EDGE)

    def y(self, value: float) -> float:
        room = self.height - self.top - self.bottom
        return self.top + (value - self.y0) / ((self.y1 - self.y0) or 1) * room


def _shapes(figure: go.Figure, frame: Frame) -> Iterator[str]:
    draw = {"heatmap": _cells, "markers": _dots, "lines": _line}
    for trace in figure.data:
        yield from draw[trace.mode if trace.type == "scatter" else trace.type](trace, frame)


def _dots(trace: go.Scatter, frame: Frame) -> Iterator[str]:
    for x, y, name in zip(trace.x, trace.y, trace.customdata, strict=True):
        place = f'cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="{DOT}"'
        yield f'<circle {place} style="fill:{_color(trace.marker.color)}">{_title(name)}</circle>'


def _line(trace: go.Scatter, frame: Frame) -> Iterator[str]:
    points = [f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in zip(trace.x, trace.y, strict=True)]
    line = f"stroke:{_color(trace.line.color)};stroke-width:{trace.line.width:.1f};opacity:{trace.opacity}"
    yield f'<polyline points="{" ".join(points)}" style="{line}">{_title(trace.text[0])}</polyline>'


def _cells(trace: go.Heatmap, frame: Frame) -> Iterator[str]:
    full, wide, high = _color(trace.colorscale[-1][1]), frame.x(1) - frame.x(0), frame.y(1) - frame.y(0)
    size = f'width="{wide - GAP:.1f}" height="{high - GAP:.1f}"'
    for j, row in enumerate(trace.z):
        for i, value in enumerate(row):
            x, y = frame.x(i), frame.y(j)
            place = f'x="{x - (wide - GAP) / 2:.1f}" y="{y - (high - GAP) / 2:.1f}"'
            yield f'<rect {place} {size} style="fill:{full};opacity:{value / trace.zmax:.3f}"/>'
            yield _text(x, y + LOWER, trace.text[j][i], "middle")


def _names(figure: go.Figure, frame: Frame) -> Iterator[str]:
    letters = LONGEST if frame.steep else int((frame.x(1) - frame.x(0)) / LETTER)
    for place, name in _ticks(figure.layout.xaxis, letters):
        x, y = frame.x(place), frame.top - 6 if frame.on_top else frame.height - frame.bottom + SMALL + 2
        turn = f' transform="rotate(-60 {x:.1f} {y:.1f})"' if frame.steep else ""
        yield _text(x, y, name, "end" if frame.steep else "middle", turn)
    for place, name in _ticks(figure.layout.yaxis, LONGEST):
        yield _text(frame.left - 6, frame.y(place) + LOWER, name, "end")


def _longest(ticks: list[tuple[float, str]]) -> float:
    """About how wide the longest name is, in px."""
    return LETTER * max((len(name) for _, name in ticks), default=0)


def _ticks(axis, letters: int) -> list[tuple[float, str]]:
    """Places and names, the long ones cut to so many letters; [] for an axis without names."""
    names = [unescape(name) for name in axis.ticktext or ()]
    short = [name if len(name) <= letters else name[: letters - 1] + "…" for name in names]
    return list(zip(axis.tickvals or (), short, strict=True))


def _text(x: float, y: float, text: str, anchor: str, turn: str = "") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}'
    return f"<text {place}>{escape(unescape(text), quote=False)}</text>"


def _title(text: str) -> str:
    return f"<title>{escape(unescape(text), quote=False)}</title>"


def _color(color: str) -> str:
    return f"var({VARIABLES[color]})" if color in VARIABLES else color
