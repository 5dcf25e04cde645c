"""The parts of the What-if section on a generated answer and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from components.generation.tab import stored_record
from components.pieces.views import output_diff, response_strip, result_view, token_strip
from components.what_if.section import Parts, Section
from components.what_if.view import explanation_of, method_set, opened
from explainers.streams.generation import MAX_PROMPT_CHARS

ABOUT = (
    "Test the result of the Generation tab by hand. Remove words and see at once what the answer loses: "
    "**log p** is the logarithm of the probability that the model gives to its own answer, in nats."
)


@dataclass(frozen=True)
class WhatIfTab:
    """section: what it shares with the other. part: [first, last] token of the chosen part of the answer, []
    for none. other: the box for another answer."""

    section: Section
    part: gr.State
    other: gr.Textbox


def layout() -> WhatIfTab:
    """Lay out the section inside the current Blocks, showing the stored result."""
    parts = Parts("what")
    parts.status()
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            parts.words("The prompt: choose the words to remove", "Remove the method's set")
            parts.button("rewrite", "Write the answer again")
        with gr.Column(min_width=320):
            parts.views["answer"] = response_strip("what-answer")
            parts.button("part", "Explain this part", interactive=False)
            parts.views["part_result"] = result_view("what-part-result")
            parts.views["part_strip"] = token_strip("what-part-strip", "What this part hangs on")
    parts.views["diff"] = output_diff("what-diff")
    parts.copy_link()
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            parts.joint()
        with gr.Column(min_width=320):
            other = gr.Textbox(
                label="Why not another answer?",
                info="Type what the model might have said instead.",
                max_length=MAX_PROMPT_CHARS,
                elem_id="what-other",
            )
            parts.button("why", "Why not?")
            parts.views["why_result"] = result_view("what-why-result")
            parts.views["why_strip"] = token_strip("what-why-strip", "Which words speak for which answer")
    record = stored_record()
    return WhatIfTab(parts.section(opened(record), method_set(explanation_of(record))), gr.State([]), other)
