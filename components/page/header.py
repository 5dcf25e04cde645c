"""The tools in the page's head: the guided tour and projector mode."""

from __future__ import annotations

import gradio as gr

from components.page.tour import tour
from components.page.view import view


def header_tools() -> None:
    """Lay out the buttons inside the current Blocks."""
    with gr.Row(elem_classes="mw-tools"):
        tour("tour")
        projector_button("projector")


def projector_button(elem_id: str) -> gr.HTML:
    """A button that turns the mode on and off; `?projector=1` in the address opens in it, Escape leaves it.

    The mode is the class `mw-projector` on the document's element and assets/page/projector.css.
    """
    return view("page/projector", elem_id, "Projector mode", {})
