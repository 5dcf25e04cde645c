"""The answer, each token coloured by what it lost, from which a part can be chosen."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def response_strip(elem_id: str, label: str = "The answer, by how much each token lost") -> gr.HTML:
    """Tokens read by hover, focus, arrow keys, Home and End.

    value: {"text", "spans": [{"text", "start", "end", "score": nats lost or None, "lines": [str]}], "limit":
    nats of full colour, "legend": str}, offsets in code points. A part is chosen by a click, by selecting
    text, by Enter, or with Shift and the arrow keys, and dropped with Escape. That raises `.select`: its
    gr.SelectData has the [first, last] token as index, [] where none is chosen, and the text as value.
    """
    return view("response_strip", elem_id, label, {"text": "", "spans": [], "limit": 1}, shared=("spans",))
