"""What every view shares: a gr.HTML with a fixed template, filled by a module of assets/.

No text of a person or a model may enter a template, which Gradio evaluates as JavaScript: values are plain
JSON, and the modules write them through text nodes alone.
"""

from __future__ import annotations

import gradio as gr

from components.page.scripts import mounting


def view(name: str, elem_id: str, label: str, value: dict) -> gr.HTML:
    """A view that the module assets/{name}.js fills; `label` is its heading and accessible name.

    The module exports `mount(view)`, where view is the View of assets/page/view.js.
    """
    return gr.HTML(
        value,
        label=label,
        elem_id=elem_id,
        html_template='<div class="mw"></div>',
        js_on_load=mounting(name),
        apply_default_css=False,
        elem_classes="mw-view",
    )
