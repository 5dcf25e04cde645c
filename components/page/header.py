"""The tools in the page's head: the guided tour and projector mode."""

from __future__ import annotations

import gradio as gr

from components.classroom.tour import tour
from components.page.projector import projector_button


def header_tools() -> None:
    """Lay out the buttons inside the current Blocks."""
    with gr.Row(elem_classes="mw-tools"):
        tour("tour")
        projector_button("projector")
