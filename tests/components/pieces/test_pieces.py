"""The parts of the views that need no browser."""

import dataclasses

import gradio as gr
import pytest

from components.page.controls import option_control
from components.page.scripts import ASSETS
from components.page.theme import head, theme


def declared(default, **meta):
    field = dataclasses.field(default=default, metadata={"label": "Label", "info": "Info", **meta})
    field.name = "name"
    return field


@pytest.mark.parametrize(
    ("field", "kind", "expected"),
    [
        (declared("abs", choices=("abs", "random")), gr.Dropdown, {"value": "abs"}),
        (declared(100, minimum=1, maximum=1000), gr.Slider, {"minimum": 1, "maximum": 1000, "step": 1}),
        (declared(0.5, minimum=0.0, maximum=2.0), gr.Slider, {"step": 0.02}),
        (declared(7, minimum=1), gr.Number, {"minimum": 1, "precision": 0}),
        (declared(0.1), gr.Number, {"precision": None}),
        (declared(True), gr.Checkbox, {"value": True}),
        (declared("text"), gr.Textbox, {"value": "text"}),
    ],
)
def test_option_control(field, kind, expected):
    control = option_control(field)
    assert type(control) is kind and (control.label, control.info) == ("Label", "Info")
    assert {name: getattr(control, name) for name in expected} == expected


def test_the_look_fetches_nothing():
    assert theme()._stylesheets == []
    assert "http" not in head()
    for path in ASSETS.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "http" not in text and "@import" not in text, path
