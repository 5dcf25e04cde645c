"""The left column of the Generation tab: the prompt, how it is explained, and Run."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.helpers import Examples

from components.generation.settings import generation_settings
from components.page.controls import Controls, method_options, press_on_enter
from components.page.models_menu import model_menu
from components.pieces.views import status_line
from explainers import explainers_for
from explainers.core.deployment import deployment
from explainers.core.types import Task

METHODS = explainers_for(Task.GENERATION)
DEFAULT_METHOD = "best_within_budget"


@dataclass(frozen=True)
class ExamplePrompt:
    title: str
    prompt: str


EXAMPLES = [
    ExamplePrompt(
        "The doctor and his patient",
        "Write a short story about the doctor and his patient for a magazine.",
    ),
    ExamplePrompt(
        "A book to be published",
        "I have written a book and would like it to be published. What should I do first?",
    ),
    ExamplePrompt(
        "An online shop",
        "Suggest two marketing strategies for launching an online shop that sells clothing.",
    ),
    ExamplePrompt(
        "A capital, in verse",
        "Write a two line poem about the capital of France in spring.",
    ),
    ExamplePrompt(
        "Why is the sky blue?",
        "Explain to a ten year old child why the sky is blue, using a cake as an example.",
    ),
]


@dataclass(frozen=True)
class GenerationPanel:
    """inputs: by name of GenerationRequest's fields. options: by method and name. estimate, status: lines
    below Run."""

    inputs: Controls
    options: dict[str, Controls]
    examples: Examples
    run: gr.Button
    stop: gr.Button
    estimate: gr.Markdown
    status: gr.HTML


def panel() -> GenerationPanel:
    """Lay out the column inside the current Blocks."""
    prompt = gr.Textbox(
        EXAMPLES[0].prompt,
        label="Prompt",
        info="Shift + Enter runs it.",
        lines=4,
        max_lines=14,
        max_length=deployment().chars,
        elem_id="prompt",
    )
    examples = gr.Examples(
        [[example.prompt] for example in EXAMPLES],
        [prompt],
        example_labels=[example.title for example in EXAMPLES],
        cache_examples=False,
        label="Examples",
    )
    with gr.Row(elem_classes="mw-tight"):
        method = gr.Dropdown(
            [(each.title, name) for name, each in METHODS.items()],
            value=DEFAULT_METHOD,
            label="Method",
            scale=8,
            min_width=240,
            elem_id="method",
        )
        k = gr.Slider(1, 20, 3, step=1, label="k: spans to remove", scale=5, min_width=140, elem_id="k")
    inputs: Controls = {"prompt": prompt, "method": method, "k": k}
    inputs["model"] = model_menu(Task.GENERATION, "model")
    with gr.Row(elem_classes="mw-tight"):
        run = gr.Button("Run", variant="primary", min_width=80, elem_id="run")
        stop = gr.Button("Stop", min_width=80, elem_id="stop")
    estimate = gr.Markdown(visible=False, elem_id="about-time", elem_classes="mw-reference")
    status = status_line("status")
    options = method_options(method, METHODS)
    press_on_enter(prompt, run)
    with gr.Accordion("More settings", open=False):
        inputs |= generation_settings()
    return GenerationPanel(
        inputs=inputs,
        options=options,
        examples=examples,
        run=run,
        stop=stop,
        estimate=estimate,
        status=status,
    )
