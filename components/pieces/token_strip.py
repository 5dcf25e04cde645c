"""The prompt with every span coloured by its score, and the removed ones marked without colour too."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def token_strip(elem_id: str, label: str = "The prompt, word by word") -> gr.HTML:
    """A strip of spans, read by hover, focus, arrow keys, Home and End.

    value: {"text", "spans": [{"text", "start", "end", "score": float or None, "removed": bool}]}, offsets in
    code points of `text`; and, as needed, "legend" (what the number means, a sentence), "unit" ("nats"),
    "granularity" ("word"), "neutral" (score without colour, 0 if absent), "limit" (distance from it of full
    colour; the largest if absent) or "limits" ([lowest, highest]), "size" ("small" or "large"), "selected"
    (indices), "selectable" (bool), "empty" (shown before there is a text). When selectable, a click or Enter
    raises `.select`, whose gr.SelectData holds the index and the text of the span. "before" and
    "after": template pieces around the text, {"kind": "template" or "mask", "text"}. A span or a piece may
    have "lines", more sentences to read of it.
    """
    return view("token_strip", elem_id, label, {"text": "", "spans": []}, shared=("spans",))
