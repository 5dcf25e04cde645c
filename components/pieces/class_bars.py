"""The classes with their probabilities as bars; a click on one asks for its explanation."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def class_bars(elem_id: str, label: str = "Classes") -> gr.HTML:
    """A button for each class. A click or Enter raises `.select`, whose gr.SelectData holds index and name.

    value: {"labels": [{"label", "probability", "text" (the probability in words), "words" (label words in
    use)}], "label": the class explained, "predicted": the likeliest}.
    """
    return view("class_bars", elem_id, label, {"labels": []})
