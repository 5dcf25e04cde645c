"""The Generation tab: which words of a prompt the model's answer hangs on."""

from __future__ import annotations

import json
from dataclasses import dataclass

import gradio as gr

from components.generation.estimate import show_estimate
from components.generation.run import explain_on
from components.generation.settings import generation_settings
from components.generation.view import GenerationView
from components.page.controls import Controls, method_options, press_on_enter
from components.page.models_menu import model_menu
from components.page.scripts import ASSETS
from components.page.views import AT_ONCE, Values, Views
from components.pieces.views import (
    convergence_plot,
    metric_table,
    output_diff,
    rendered_prompt,
    result_view,
    status_line,
    token_strip,
)
from components.runner import stopper
from components.sharing.records import needed
from components.sharing.share_bar import share_bar, wire_share_bar
from components.sharing.tab import IDLE_SECONDS, SharedTab
from explainers import explainers_for
from explainers.core.types import Task
from explainers.streams.generation import MAX_PROMPT_CHARS

METHODS = explainers_for(Task.GENERATION)
DEFAULT_METHOD = "best_within_budget"
EXAMPLES = [
    ("The doctor and his patient", "Write a short story about the doctor and his patient for a magazine."),
    (
        "A book to be published",
        "I have written a book and would like it to be published. What should I do first?",
    ),
    ("An online shop", "Suggest two marketing strategies for launching an online shop that sells clothing."),
    ("A capital, in verse", "Write a two line poem about the capital of France in spring."),
    (
        "Why is the sky blue?",
        "Explain to a ten year old child why the sky is blue, using a cake as an example.",
    ),
]


@dataclass(frozen=True)
class GenerationTab:
    """The parts of the tab that others build on.

    inputs: by API name. options: by method and name. record: the result that is shown, as
    GenerationView.record gives it, and "inputs" where it was run here; None after a link. shared: for links
    and files.
    """

    inputs: Controls
    options: dict[str, Controls]
    record: gr.State
    shared: SharedTab


def generation_tab() -> GenerationTab:
    """Lay out the tab inside the current Blocks and wire it."""
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(scale=2, min_width=320):
            inputs, options, examples, run_button, stop_button, about, status = _controls()
            rendered = rendered_prompt("rendered")
        with gr.Column(scale=3, min_width=320):
            views = Views(
                status=status,
                result=result_view("result"),
                strip=token_strip("strip"),
                plot=convergence_plot("plot"),
                diff=output_diff("diff"),
                metrics=metric_table("metrics"),
                rendered=rendered,
            )
            bar = share_bar("share")
    record, blank = gr.State(stored_record(), time_to_live=IDLE_SECONDS), views.shown()
    views.fill(stored_example())
    shared = SharedTab(
        name="generation",
        inputs=inputs,
        options=options,
        views=views,
        record=record,
        bar=bar,
        runs=[run_button],
        view=new_view,
        replay=replay,
        blank=blank,
    )
    running = [
        explain_on(shared, run_button.click),
        explain_on(shared, examples.load_input_event.then, only_stored=True),
    ]
    show_estimate(shared, about)
    wire_share_bar(shared, running)
    stop_button.click(stopper(shared.name), **AT_ONCE)
    return GenerationTab(inputs, options, record, shared)


def _controls():
    """The left column. Returns inputs by API name, options by method and name, examples, buttons,
    the line of the estimate, status."""
    prompt = gr.Textbox(
        EXAMPLES[0][1],
        label="Prompt",
        info="Shift + Enter runs it.",
        lines=4,
        max_lines=14,
        max_length=MAX_PROMPT_CHARS,
        elem_id="prompt",
    )
    examples = gr.Examples(
        [[text] for _, text in EXAMPLES],
        [prompt],
        example_labels=[title for title, _ in EXAMPLES],
        cache_examples=False,
        label="Examples",
    )
    with gr.Row(elem_classes="mw-tight"):
        method = gr.Dropdown(
            [(each.title, name) for name, each in METHODS.items()],
            value=DEFAULT_METHOD,
            label="Method",
            scale=4,
            min_width=140,
            elem_id="method",
        )
        k = gr.Slider(1, 20, 3, step=1, label="k: spans to remove", scale=5, min_width=140, elem_id="k")
    inputs: Controls = {"prompt": prompt, "method": method, "k": k}
    inputs["model"] = model_menu(Task.GENERATION, "model")
    with gr.Row(elem_classes="mw-tight"):
        run_button = gr.Button("Run", variant="primary", min_width=80, elem_id="run")
        stop_button = gr.Button("Stop", min_width=80, elem_id="stop")
    about = gr.Markdown(visible=False, elem_id="about-time", elem_classes="mw-reference")
    status = status_line("status")
    options = method_options(method, METHODS)
    press_on_enter(prompt, run_button)
    with gr.Accordion("More settings", open=False):
        inputs |= generation_settings()
    return inputs, options, examples, run_button, stop_button, about, status


def new_view(inputs: dict) -> GenerationView:
    """The view of a run of these inputs."""
    return GenerationView(inputs["prompt"], inputs["granularity"])


def stored_record() -> dict:
    """The result stored in the repository, as GenerationView.record gives one."""
    stored = json.loads((ASSETS / "examples" / "generation.json").read_text(encoding="utf-8"))
    return needed(replay(stored["events"]).record())


def stored_example() -> Values:
    """Values of the views for the stored result, so that the page never opens blank."""
    view = replay(stored_record()["events"])
    ready = "Run explains your own prompt with the method you choose."
    view.progress.text = f"A stored example: {view.progress.text} {ready}"
    return view.values()


def replay(events: list[dict]) -> GenerationView:
    """The view of a result from its recorded events."""
    view = GenerationView("")
    for event in events:
        view.add(event)
    return view
