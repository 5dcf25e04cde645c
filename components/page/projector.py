"""Projector mode: large type, high contrast and only the essentials, for a page shown to a room."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def projector_button(elem_id: str, label: str = "Projector mode") -> gr.HTML:
    """A button that turns the mode on and off; `?projector=1` in the address opens in it, Escape leaves it.

    The mode is the class `mw-projector` on the document's element and assets/css/projector.css.
    """
    return view("projector", elem_id, label, {})
