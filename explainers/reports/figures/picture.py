"""A figure as a file for a document. Needs kaleido, and Chrome or Chromium, as `make test` installs them."""

from __future__ import annotations

import re
from pathlib import Path

import plotly.graph_objects as go

from explainers.reports.figures.shared.style import SURFACE

WIDTH = 720  # px


def write_picture(figure: go.Figure, path: Path, height: int, width: int = WIDTH) -> None:
    """An SVG or a PNG, as the path's suffix says, on a light ground. Sizes in px.

    Equal figures give equal files.
    """
    drawn = go.Figure(figure).update_layout(paper_bgcolor=SURFACE)
    for number, trace in enumerate(drawn.data):
        trace.uid = f"line{number}"  # plotly would choose one by chance
    image = drawn.to_image(path.suffix.removeprefix("."), width=width, height=height)
    if chosen := re.search(rb'id="defs-([0-9a-f]{6})"', image):
        image = image.replace(chosen[1], path.stem.encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image)
