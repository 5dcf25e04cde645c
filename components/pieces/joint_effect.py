"""What removed words cost together beside what they cost one by one, and their interactions."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def joint_effect_view(elem_id: str) -> gr.HTML:
    """Bars on one scale, a small matrix and sentences.

    value: {"bars": [{"name", "nats", "kind": "together", "sum" or "single"}], "names": [k words], "pairs":
    k × k nats, "pairs_note", "sentences": [str]}; {} asks for words to be removed.
    """
    return view("joint_effect", elem_id, "Together and one by one", {}, shared=("spans",))
