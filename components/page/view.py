"""What every view shares: a gr.HTML with a fixed template, filled by a script of assets/js.

No text of a person or a model may enter a template, which Gradio evaluates as JavaScript: values are plain
JSON, and the scripts write them through text nodes alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@cache
def asset(path: str) -> str:
    return (ASSETS / path).read_text(encoding="utf-8")


def view(name: str, elem_id: str, label: str, value: dict, shared: tuple[str, ...] = ()) -> gr.HTML:
    """A view whose behaviour is assets/js/{name}.js; `label` is its heading and accessible name.

    shared: scripts of assets/js that several views use, placed before its own.
    """
    script = "".join(asset(f"js/{part}.js") for part in ("common", *shared, name))
    return gr.HTML(
        value,
        label=label,
        elem_id=elem_id,
        html_template='<div class="mw"></div>',
        js_on_load=f"{{\n{script}\n}}",
        apply_default_css=False,
        elem_classes="mw-view",
    )
