"""The Compare tab: several methods on one prompt, beside what removal at random reaches."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import gradio as gr

from components.compare import controls as compare_controls
from components.compare.agreement_map import agreement_map
from components.compare.controls import MOST_ITERATIONS, MOST_K, MOST_SEEDS, ComparePanel
from components.compare.convergence_bands import convergence_bands
from components.compare.ratio_plot import ratio_plot
from components.compare.run import compare_on, converge_on, methods_work, sweep_on
from components.compare.table import compare_table
from components.compare.view import ComparisonView, replay
from components.generation.run import KIND as GENERATION
from components.generation.tab import GenerationTab
from components.page.progress import duration, status
from components.page.scripts import ASSETS
from components.page.views import AT_ONCE, Views
from components.runner import LINE, stopper
from components.sharing.kept import keeping
from components.sharing.share_bar import share_bar, wire_share_bar
from components.sharing.tab import IDLE_SECONDS, SharedTab
from explainers.core.errors import MaskwiseError
from explainers.streams.comparison import planned
from explainers.streams.requests.comparison import ComparisonRequest

STORED = ASSETS / "examples" / "comparison.json"


@dataclass(frozen=True)
class CompareTab:
    """The parts of the tab that others build on. shared: for links and files."""

    shared: SharedTab


def compare_tab(generation: GenerationTab) -> CompareTab:
    """Lay out the tab inside the current Blocks and wire it."""
    panel = compare_controls.panel()
    table, agreement = compare_table("compare-table"), agreement_map("agreement-map")
    bar = share_bar("compare-share")
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            most, ratio_button, ratio = _ratio_part()
        with gr.Column(min_width=320):
            seeds, iterations, bands_button, bands = _bands_part()
    views = Views(status=panel.status, table=table, map=agreement, ratio=ratio, bands=bands)
    blank, stored = views.shown(), stored_comparison()
    views.fill(stored.values() if stored else {})
    record = gr.State(stored.record() if stored else None, time_to_live=IDLE_SECONDS)
    shared = SharedTab(
        name="compare",
        inputs=panel.inputs,
        options={},
        views=views,
        record=record,
        bar=bar,
        runs=[panel.run, ratio_button, bands_button],
        view=ComparisonView,
        replay=replay,
        blank=blank,
    )
    running = [
        compare_on(shared, panel.run),
        sweep_on(shared, ratio_button, most),
        converge_on(shared, bands_button, seeds, iterations),
    ]
    panel.stop.click(stopper(shared.name), **AT_ONCE)
    _wire_estimate(shared, panel.estimate, running[0])
    _wire_take(panel, generation)
    wire_share_bar(shared, running)
    return CompareTab(shared)


def _ratio_part():
    most = gr.Slider(1, MOST_K, 5, step=1, label="K: the largest k", elem_id="ratio-k")
    button = gr.Button("Ratio for k = 1…K", elem_id="ratio-run")
    return most, button, ratio_plot("ratio-plot")


def _bands_part():
    with gr.Row(elem_classes="mw-tight"):
        seeds = gr.Slider(1, MOST_SEEDS, 5, step=1, label="Seeds", min_width=200, elem_id="bands-seeds")
        iterations = gr.Slider(
            10, MOST_ITERATIONS, 100, step=10, label="Iterations", min_width=200, elem_id="bands-iterations"
        )
    button = gr.Button("Convergence", elem_id="bands-run")
    return seeds, iterations, button, convergence_bands("convergence-bands")


def _wire_estimate(tab: SharedTab, line: gr.HTML, done: gr.events.Dependency) -> None:
    """The estimate follows every choice, and the speed that runs have measured; the page keeps all."""
    names, inputs = list(tab.inputs), tab.controls()

    def about(*values) -> dict:
        return status("idle", estimate_text(dict(zip(names, values, strict=True))))

    gr.on(None, about, inputs, line, js=keeping(tab), trigger_mode="always_last", **AT_ONCE)
    done.then(about, inputs, line, **AT_ONCE)


def estimate_text(settings: dict) -> str:
    """How long a comparison would take, or what keeps it from being run."""
    try:
        parts = planned(ComparisonRequest(**settings))
    except MaskwiseError as error:
        return str(error)
    passes = f"About {sum(part['passes'] for part in parts):,} passes through the model"
    work = methods_work(settings)
    if seconds := LINE.expected(work.pace, work.size):
        return f"{passes}, about {duration(seconds)} at the speed of the last comparison."
    explained = replace(work, kind=GENERATION)
    if seconds := LINE.expected(explained.pace, work.size):
        return f"{passes}, about {duration(seconds)} at the speed of the last explanation."
    return f"{passes}. How long that takes will be known after a first comparison on this model."


def _wire_take(panel: ComparePanel, generation: GenerationTab) -> None:
    """A copy of the Generation tab's inputs, so that both explain the same."""
    shared = [name for name in generation.inputs if name in panel.inputs]
    panel.take.click(
        lambda *values: list(values),
        [generation.inputs[name] for name in shared],
        [panel.inputs[name] for name in shared],
        **AT_ONCE,
    )


def stored_comparison() -> ComparisonView | None:
    """The comparison stored in the repository, None where there is none."""
    if not STORED.exists():
        return None
    view = replay(json.loads(STORED.read_text(encoding="utf-8"))["events"])
    view.progress.text = f"A stored example: {view.progress.text} Press Compare to run your own."
    return view
