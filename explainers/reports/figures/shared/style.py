"""What the figures share: colours by role, axes, and a chart of a figure with its words and its table.

Colours are those of the light page. `layout.meta` names the style variable that each stands for, so that the
page can put its own in their place: light, dark or projector.
"""

from __future__ import annotations

import plotly.graph_objects as go

INK, MUTED, LINE, SURFACE = "#0f172a", "#475569", "#cbd5e1", "#ffffff"
ACCENT, SWAP = "#0f766e", "#c2560a"
POSITIVE, NEGATIVE = "#f2902f", "#5a9ce0"
SERIES = (
    "#10766e",
    "#c2570a",
    "#1f66a8",
    "#9333a8",
    "#64748b",
    "#a16207",
    "#be123c",
    "#4d7c0f",
    "#4338ca",
    "#0e7490",
    "#9a3412",
    "#334155",
)
DASHES = ("solid", "7px,3px", "2px,3px")
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    SURFACE: "--surface",
    ACCENT: "--accent",
    SWAP: "--swap",
    POSITIVE: "--positive",
    NEGATIVE: "--negative",
    **{color: f"--series-{number}" for number, color in enumerate(SERIES)},
}
HEIGHT = 300  # px
ENTRY, BESIDE = 20, 3  # px of a legend's entry, and how many entries the height has room for
LEGEND = {"orientation": "h", "y": -0.28, "x": 0, "yanchor": "top", "maxheight": 0.7, "tracegroupgap": 0}


def series_line(number: int) -> dict:
    """The line of one of several series: each has a colour and, for those who cannot tell colours, a dash."""
    return {"color": SERIES[number % len(SERIES)], "dash": DASHES[number % len(DASHES)], "width": 2}


def styled(traces: list, x: str, y: str, **layout) -> go.Figure:
    """A figure with the axes' titles x and y, higher where its legend may need a line for each of many
    entries. layout: more of plotly's own layout."""
    entries = sum(bool(trace.name) and trace.showlegend is not False for trace in traces)
    axis = {"gridcolor": LINE, "linecolor": LINE, "zerolinecolor": LINE, "automargin": True}
    shared = {
        "template": None,
        "height": HEIGHT + ENTRY * max(0, entries - BESIDE),
        "margin": {"l": 8, "r": 12, "t": 30, "b": 8},
        "hovermode": "x unified",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "size": 12},
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": LINE, "font": {"color": INK}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": MUTED, "activecolor": ACCENT},
        "legend": LEGEND,
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y}},
        "meta": VARIABLES,
        "uirevision": "kept",
    }
    return go.Figure(traces, shared).update_layout(**layout)


def chart(figure: go.Figure, head: list[str], rows: list[list], said: str = "", **words) -> dict:
    """A figure for the page, as plain JSON.

    head, rows: its values as a table, text or numbers, a row per step of reading. said: its summary in a
    sentence. words: "title" above it and "note" below it.
    """
    return {"figure": figure.to_plotly_json(), "table": {"head": head, "rows": rows}, "said": said, **words}
