"""Each class's probability with all of a text beside that without the removed words."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def class_change(elem_id: str, label: str = "Classes, with and without these words") -> gr.HTML:
    """Two bars a class.

    value: {"rows": [{"label", "before", "after": probabilities, "before_text", "after_text"}], "label": the
    class explained, "said": the likeliest at last}; "after" is None where it was not measured.
    """
    return view("class_change", elem_id, label, {"rows": []})
