"""The Compare tab: several methods on one prompt, beside what removal at random reaches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import gradio as gr

from components.compare import controls as compare_controls
from components.compare.agreement_map import agreement_map
from components.compare.charts import ConvergenceView, SweepView
from components.compare.controls import METHODS, MOST_ITERATIONS, MOST_K, MOST_SEEDS, ComparePanel
from components.compare.convergence_bands import convergence_bands
from components.compare.ratio_plot import ratio_plot
from components.compare.table import compare_table
from components.compare.view import ComparisonView, replay
from components.generation.tab import QUIET, GenerationTab
from components.page.controls import Controls
from components.page.scripts import ASSETS
from components.runner import show, stop, wait_turn
from components.sharing.share_bar import share_bar, wire_share_bar
from components.sharing.tab import SharedTab
from explainers.core.errors import MaskwiseError
from explainers.streams.comparison import ComparisonRequest, compare, estimate
from explainers.streams.sweep import convergence, sweep

STORED = ASSETS / "examples" / "comparison.json"


@dataclass(frozen=True)
class CompareTab:
    """The parts of the tab that others build on.

    inputs: by name of ComparisonRequest's fields. views: status line, table, agreement map, in the order of
    ComparisonView.values. record: the comparison that is shown, as ComparisonView.record gives it, or None.
    shared: for links and files.
    """

    inputs: Controls
    run: gr.Button
    views: list[gr.HTML]
    record: gr.State
    shared: SharedTab


def compare_tab(generation: GenerationTab) -> CompareTab:
    """Lay out the tab inside the current Blocks and wire it."""
    panel = compare_controls.panel()
    views = [panel.status, compare_table("compare-table"), agreement_map("agreement-map")]
    bar, blank = share_bar("compare-share"), [view.value for view in views]
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            most, ratio_button, ratio = _ratio_part()
        with gr.Column(min_width=320):
            seeds, iterations, bands_button, bands = _bands_part()
    stored = stored_comparison()
    record = gr.State(stored.record() if stored else None)
    if stored:
        for view, value in zip(views, stored.values(), strict=True):
            view.value = value
    inputs = list(panel.inputs.values())
    done = _on_click(panel, panel.run, _compare(panel), inputs, [*views, record])
    _on_click(panel, ratio_button, _sweep(panel), [*inputs, most], [panel.status, ratio])
    _on_click(panel, bands_button, _converge(panel), [*inputs, seeds, iterations], [panel.status, bands])
    panel.stop.click(stop, queue=False, **QUIET)
    _wire_estimate(panel, done)
    _wire_take(panel, generation)
    shared = SharedTab("compare", panel.inputs, {}, views, record, bar, replay, blank)
    wire_share_bar(shared, [done])
    return CompareTab(panel.inputs, panel.run, views, record, shared)


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


def _on_click(panel: ComparePanel, button: gr.Button, handler: Callable, inputs: list, outputs: list):
    """A click waits its turn for the model and takes the place of the page's earlier run."""
    asked = button.click(wait_turn, None, panel.status, queue=False, **QUIET)
    at_work = {"concurrency_id": "model", "concurrency_limit": 1, "trigger_mode": "multiple"}
    return asked.then(handler, inputs, outputs, **at_work, **QUIET)


def _compare(panel: ComparePanel):
    names = list(panel.inputs)

    def run(request: gr.Request, *values) -> Iterator[list]:
        settings = dict(zip(names, values, strict=True))
        view = ComparisonView(settings)
        stream = lambda hook: compare(ComparisonRequest(**settings), hook)  # noqa: E731
        for shown in _changes(show(request.session_hash, stream, view)):
            yield [*shown, view.record() or gr.skip()]

    return run


def _sweep(panel: ComparePanel):
    names = list(panel.inputs)

    def run(request: gr.Request, *values) -> Iterator[list]:
        *values, most = values
        settings = dict(zip(names, values, strict=True))
        titles = {name: METHODS[name].title for name in settings["methods"] if name in METHODS}
        view = SweepView(settings, titles=titles, most=most)
        stream = lambda hook: sweep(ComparisonRequest(**settings), min(most, MOST_K), hook)  # noqa: E731
        yield from _changes(show(request.session_hash, stream, view))

    return run


def _converge(panel: ComparePanel):
    names = list(panel.inputs)

    def run(request: gr.Request, *values) -> Iterator[list]:
        *values, seeds, iterations = values
        settings = dict(zip(names, values, strict=True))
        bounds = min(seeds, MOST_SEEDS), min(iterations, MOST_ITERATIONS)
        stream = lambda hook: convergence(ComparisonRequest(**settings), *bounds, hook)  # noqa: E731
        yield from _changes(show(request.session_hash, stream, ConvergenceView(settings)))

    return run


def _changes(updates: Iterator[list[dict | None]]) -> Iterator[list]:
    """Values of the views, but for those that stay: a table of many numbers is sent when it changes."""
    before = []
    for values in updates:
        before = before or [None] * len(values)
        yield [gr.skip() if new in (None, old) else new for new, old in zip(values, before, strict=True)]
        before = [old if new is None else new for new, old in zip(values, before, strict=True)]


def _wire_estimate(panel: ComparePanel, done) -> None:
    """The estimate follows every choice, and the speed that a comparison has measured."""
    names, inputs = list(panel.inputs), list(panel.inputs.values())

    def about(*values) -> dict:
        return {"state": "idle", "text": estimate_text(dict(zip(names, values, strict=True)))}

    gr.on(None, about, inputs, panel.estimate, queue=False, trigger_mode="always_last", **QUIET)
    done.then(about, inputs, panel.estimate, queue=False, **QUIET)


def estimate_text(settings: dict) -> str:
    """How long a comparison would take, or what keeps it from being run."""
    try:
        cost = estimate(ComparisonRequest(**settings))
    except MaskwiseError as error:
        return str(error)
    passes = f"About {cost['passes']:,} passes through the model"
    if cost["seconds"] is None:
        return f"{passes}. How long that takes will be known after a first comparison on this model."
    return f"{passes}, about {_duration(cost['seconds'])} at the speed of the last comparison."


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _wire_take(panel: ComparePanel, generation: GenerationTab) -> None:
    """A copy of the Generation tab's inputs, so that both explain the same."""
    shared = [name for name in generation.inputs if name in panel.inputs]
    panel.take.click(
        lambda *values: list(values),
        [generation.inputs[name] for name in shared],
        [panel.inputs[name] for name in shared],
        queue=False,
        **QUIET,
    )


def stored_comparison() -> ComparisonView | None:
    """The comparison stored in the repository, None where there is none."""
    if not STORED.exists():
        return None
    view = replay(json.loads(STORED.read_text(encoding="utf-8"))["events"])
    view.progress.text = f"A stored example: {view.progress.text} Press Compare to run your own."
    return view
