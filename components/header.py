"""The tools in the page's head: the guided tour and projector mode."""

from __future__ import annotations

import gradio as gr

from components.projector import projector_button
from components.tour import tour


def header_tools() -> None:
    """Lay out the buttons inside the current Blocks."""
    with gr.Row(elem_classes="mw-tools"):
        tour("tour")
        projector_button("projector")
