"""The Generation tab: which words of a prompt the model's answer hangs on."""

from __future__ import annotations

import json
from dataclasses import dataclass

import gradio as gr

from components.generation import controls
from components.generation.estimate import show_estimate
from components.generation.go_on import wire_go_on
from components.generation.run import explain_on
from components.generation.view import GenerationView
from components.page.controls import Controls
from components.page.scripts import ASSETS
from components.page.views import AT_ONCE, Values, Views
from components.pieces.views import (
    convergence_plot,
    metric_table,
    output_diff,
    rendered_prompt,
    result_view,
    token_strip,
)
from components.runner import stopper
from components.sharing.records import needed
from components.sharing.share_bar import share_bar, wire_share_bar
from components.sharing.tab import IDLE_SECONDS, SharedTab


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
            panel = controls.panel()
            rendered = rendered_prompt("rendered")
        with gr.Column(scale=3, min_width=320):
            result = result_view("result")
            views = Views(
                status=panel.status,
                result=result,
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
        inputs=panel.inputs,
        options=panel.options,
        views=views,
        record=record,
        bar=bar,
        runs=[panel.run],
        view=new_view,
        replay=replay,
        blank=blank,
    )
    running = [
        explain_on(shared, panel.run.click),
        explain_on(shared, panel.examples.load_input_event.then, only_stored=True),
        wire_go_on(shared, result),
    ]
    show_estimate(shared, panel.estimate)
    wire_share_bar(shared, running)
    panel.stop.click(stopper(shared.name), **AT_ONCE)
    return GenerationTab(panel.inputs, panel.options, record, shared)


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
