"""What the MLM head would read at every token after every layer: PromptExplainer's Figure 5."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def layer_lens_view(elem_id: str, label: str = "Layer lens") -> gr.HTML:
    """A heat map of layers × tokens, moved through with arrow keys.

    value: {"about", "tokens": [str], "places": ["text", "template" or "mask"], "rows": [{"layer", "words",
    "ranks"}]}, the last layer's row first; ranks are those of the word that the last layer decodes.
    """
    return view("layer_lens", elem_id, label, {"rows": []})
