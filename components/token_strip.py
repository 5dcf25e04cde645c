"""The prompt with every span coloured by its score, and the removed ones marked without colour too."""

from __future__ import annotations

import gradio as gr

from components.view import view


def token_strip(elem_id: str, label: str = "The prompt, word by word") -> gr.HTML:
    """A strip of spans, read by hover, focus, arrow keys, Home and End.

    value: {"text", "spans": [{"text", "start", "end", "score": float or None, "removed": bool}]}, offsets in
    code points of `text`; and, as needed, "legend" (what the number means, a sentence), "unit" ("nats"),
    "granularity" ("word"), "limit" (score of full colour; the largest |score| if absent), "size" ("small" or
    "large"), "selected" (indices), "selectable" (bool). When selectable, a click or Enter raises `.select`,
    whose gr.SelectData holds the index and the text of the span.
    """
    return view("token_strip", elem_id, label, {"text": "", "spans": []})
