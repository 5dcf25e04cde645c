"""The same text under every method, one strip below the other."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def method_strips(elem_id: str, label: str = "All methods") -> gr.HTML:
    """A strip for each method, added as it comes.

    value: {"about": a sentence above the strips, "text", "label", "spans": [{"start", "end"}], "rows":
    [{"method", "title", "scores": a number a span, "neutral", "limits", "facts": [[name, text]], "highest":
    what the colours show in words, "error": why there are no scores}]}; rows are only ever added to a text.
    """
    return view("method_strips", elem_id, label, {"rows": []}, shared=("spans",))
