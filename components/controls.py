"""Controls for the options of an explainer, made from their declarations."""

from __future__ import annotations

from dataclasses import Field

import gradio as gr


def option_controls(explainer) -> dict[str, gr.components.Component]:
    """One control for each of the explainer's own options, name → control."""
    return {name: option_control(field) for name, field in explainer.own_options().items()}


def option_control(field: Field) -> gr.components.Component:
    """Dropdown for choices, checkbox for a bool, slider for a bounded number, else a number or a text box.

    field: a dataclass field whose metadata come from `explainers.core.base.option`.
    """
    meta, default = field.metadata, field.default
    texts = {"label": meta.get("label") or field.name, "info": meta.get("info") or None}
    low, high = meta.get("minimum"), meta.get("maximum")
    if choices := meta.get("choices"):
        return gr.Dropdown(list(choices), value=default, **texts)
    if isinstance(default, bool):
        return gr.Checkbox(default, **texts)
    if not isinstance(default, int | float):
        return gr.Textbox(default, **texts)
    whole = isinstance(default, int)
    if low is None or high is None:
        return gr.Number(default, minimum=low, maximum=high, precision=0 if whole else None, **texts)
    return gr.Slider(low, high, value=default, step=1 if whole else (high - low) / 100, **texts)
