"""Controls for the options of an explainer, made from their declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field
from typing import Any

import gradio as gr

from components.page.views import AT_ONCE, EACH_TIME
from explainers.core.base import allowed_default, bounds
from explainers.core.unicode import whole_characters

Input = gr.Textbox | gr.Dropdown | gr.Number | gr.Slider | gr.Checkbox | gr.CheckboxGroup | gr.Radio
Controls = dict[str, Input]


def method_options(method: gr.Dropdown, methods: dict) -> dict[str, Controls]:
    """The source of the chosen one of `methods`, name → explainer, and its option controls, if it has any.

    Returns the controls by method and option.
    """
    reference = gr.Markdown(methods[method.value].reference, elem_classes="mw-reference")
    groups: dict[str, gr.Accordion] = {}
    options: dict[str, Controls] = {name: {} for name in methods}
    for name, explainer in methods.items():
        if not explainer.own_options():
            continue
        title = f"{explainer.title}: options"
        with gr.Accordion(title, open=False, visible=name == method.value) as groups[name]:
            options[name] = option_controls(explainer)
    method.change(
        lambda chosen: [
            methods[chosen].reference,
            *(gr.update(visible=name == chosen) for name in groups),
        ],
        method,
        [reference, *groups.values()],
        **EACH_TIME,
    )
    return options


def press_on_enter(box: gr.Textbox, button: gr.Button) -> None:
    """Shift + Enter in the box presses the button, as soon as it can be pressed."""
    press = f"""() => {{
        const button = document.getElementById({button.elem_id!r});
        const press = () => button.disabled ? setTimeout(press, 100) : button.click();
        press();
    }}"""
    box.submit(None, js=press, **AT_ONCE)


def all_controls(options: dict[str, Controls]) -> list[gr.components.Component]:
    return [control for controls in options.values() for control in controls.values()]


def read_values(names: list[str], options: dict[str, Controls], values) -> tuple[dict, dict[str, dict]]:
    """Values of the inputs `names`, then of all_controls(options), as settings and as options by method.

    Half characters in their texts are replaced: no answer to the page could hold them.
    """
    values = whole_characters(values)
    settings, rest = dict(zip(names, values, strict=False)), iter(values[len(names) :])
    return settings, {method: {name: next(rest) for name in own} for method, own in options.items()}


def option_controls(explainer) -> Controls:
    """One control for each of the explainer's own options, name → control."""
    return {name: option_control(field) for name, field in explainer.own_options().items()}


def option_control(field: Field) -> Input:
    """Dropdown for choices, checkbox for a bool, slider for a bounded number, else a number or a text box.

    field: a dataclass field whose metadata come from `explainers.core.base.option`.
    """
    meta: Mapping[str, Any] = field.metadata
    default: Any = allowed_default(field)
    texts: dict[str, Any] = {"label": meta.get("label") or field.name, "info": meta.get("info") or None}
    low, high = bounds(field)
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
