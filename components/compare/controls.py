"""The inputs of the Compare tab."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from components.generation.controls import EXAMPLES
from components.generation.settings import generation_settings
from components.page.controls import Controls
from components.page.models_menu import model_menu
from components.pieces.views import status_line
from explainers import explainers_for
from explainers.core.deployment import deployment
from explainers.core.types import Task
from explainers.streams.requests.comparison import MAX_DRAWS, MAX_METHODS

METHODS = explainers_for(Task.GENERATION)
DEFAULT_METHODS = ["xprompt", "best_within_budget", "feature_ablation", "integrated_gradients"]
MOST_K, MOST_SEEDS, MOST_ITERATIONS = 10, 10, 300


@dataclass(frozen=True)
class ComparePanel:
    """inputs: by name of ComparisonRequest's fields. estimate, status: lines beside Run."""

    inputs: Controls
    take: gr.Button
    run: gr.Button
    stop: gr.Button
    estimate: gr.HTML
    status: gr.HTML


def panel() -> ComparePanel:
    """Lay out the inputs in two columns inside the current Blocks."""
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            inputs, take = _prompt()
        with gr.Column(min_width=320):
            inputs["methods"] = gr.CheckboxGroup(
                [(method.title, name) for name, method in METHODS.items()],
                value=DEFAULT_METHODS,
                label="Methods",
                info=f"At most {MAX_METHODS}, each with its default options.",
                elem_id="compare-methods",
            )
            with gr.Row(elem_classes="mw-tight"):
                run = gr.Button("Compare", variant="primary", min_width=80, elem_id="compare-run")
                stop = gr.Button("Stop", min_width=80, elem_id="compare-stop")
            estimate, status = status_line("compare-estimate"), status_line("compare-status")
    return ComparePanel(inputs, take, run, stop, estimate, status)


def _prompt() -> tuple[Controls, gr.Button]:
    inputs: Controls = {
        "prompt": gr.Textbox(
            EXAMPLES[0].prompt,
            label="Prompt",
            lines=3,
            max_lines=10,
            max_length=deployment().chars,
            elem_id="compare-prompt",
        )
    }
    take = gr.Button("Take from Generation", size="sm", min_width=120, elem_id="compare-take")
    with gr.Row(elem_classes="mw-tight"):
        inputs["k"] = gr.Slider(
            1, 20, 3, step=1, label="k: spans to remove", min_width=140, elem_id="compare-k"
        )
        inputs["draws"] = gr.Slider(
            2,
            MAX_DRAWS,
            20,
            step=1,
            label="Random sets to compare",
            min_width=140,
            elem_id="compare-draws",
        )
    inputs["model"] = model_menu(Task.GENERATION, "compare-model")
    with gr.Accordion("More settings", open=False):
        inputs |= generation_settings("compare-")
    return inputs, take
