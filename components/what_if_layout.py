"""The parts of the What-if tab and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from components.generation_tab import stored_record
from components.joint_effect import joint_effect_view
from components.output_diff import output_diff
from components.response_strip import response_strip
from components.result_sentence import result_view
from components.sharing.copy_link import copy_link
from components.status_line import status_line
from components.token_strip import token_strip
from components.what_if_values import Values
from components.what_if_view import explanation_of, method_set, opened
from explainers.core.generation import MAX_PROMPT_CHARS

ABOUT = (
    "Test the result of the Generation tab by hand. Remove words and see at once what the answer loses: "
    "**log p** is the logarithm of the probability that the model gives to its own answer, in nats."
)


@dataclass(frozen=True)
class Section:
    """A section of the What-if tab; views and buttons by name.

    removed: indices of the spans that are removed; whatever writes it, their effect is measured anew.
    """

    views: dict[str, gr.HTML]
    buttons: dict[str, gr.Button]
    removed: gr.State

    def updates(self, values: Values) -> dict:
        """Values by the names of views, as Gradio takes them."""
        return {self.views[name]: value for name, value in values.items()}


@dataclass(frozen=True)
class WhatIfTab(Section):
    """The section on a generated answer.

    part: [first, last] token of the chosen part of the answer, [] for none. other: the box for another
    answer. link: copies a link. remembered: inputs of the link that was opened, until there is a result, else
    None.
    """

    part: gr.State
    other: gr.Textbox
    link: gr.HTML
    remembered: gr.State


def layout() -> WhatIfTab:
    """Lay out the tab inside the current Blocks, showing the stored result."""
    views, buttons = {}, {}

    def button(name: str, text: str, **settings) -> None:
        sizes = {"size": "md", "min_width": 70}
        buttons[name] = gr.Button(text, elem_id=f"what-{name}", **sizes, **settings)

    with gr.Row(elem_classes="mw-tight what-if-status"):
        with gr.Column(scale=8, min_width=120):
            views["status"] = status_line("what-status")
        button("stop", "Stop", scale=0)
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            views["strip"] = token_strip("what-strip", "The prompt: choose the words to remove")
            with gr.Row(elem_classes="mw-tight"):
                button("restore", "Restore all")
                button("method", "Remove the method's set")
            views["result"] = result_view("what-result")
            button("rewrite", "Write the answer again")
        with gr.Column(min_width=320):
            views["answer"] = response_strip("what-answer")
            button("part", "Explain this part", interactive=False)
            views["part_result"] = result_view("what-part-result")
            views["part_strip"] = token_strip("what-part-strip", "What this part hangs on")
    views["diff"] = output_diff("what-diff")
    link = copy_link("what-link", "Copy link to these removed words")
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            button("joint", "Do they work together?")
            views["joint"] = joint_effect_view("what-joint-effect")
        with gr.Column(min_width=320):
            other = gr.Textbox(
                label="Why not another answer?",
                info="Type what the model might have said instead.",
                max_length=MAX_PROMPT_CHARS,
                elem_id="what-other",
            )
            button("why", "Why not?")
            views["why_result"] = result_view("what-why-result")
            views["why_strip"] = token_strip("what-why-strip", "Which words speak for which answer")
    for name, value in opened(stored_record()).items():
        views[name].value = value
    removed = gr.State(method_set(explanation_of(stored_record())))
    return WhatIfTab(views, buttons, removed, gr.State([]), other, link, gr.State(None))
