"""Running the inputs of the Generation tab, from its own Run and from those of other tabs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import gradio as gr

from components.generation.view import GenerationView
from components.page.controls import Controls, read_values
from components.page.run_here import RunHere, run_here
from components.runner import show, wait_turn
from components.sharing.records import with_inputs
from components.sharing.tab import QUIET, SharedTab, Updates
from explainers.streams.generation import GenerationRequest, run


def explain_on(tab: SharedTab, events: list, *mirrors: gr.HTML) -> gr.events.Dependency:
    """Explain the Generation tab's inputs at these events, in its views. mirrors: more status lines that say
    how it goes. Returns the event of the run."""
    lines = [tab.views[0], *mirrors]

    def wait(request: gr.Request) -> Updates:
        return dict.fromkeys(lines, wait_turn(request))

    asked = gr.on(events, wait, None, lines, **QUIET)
    return asked.then(
        _runner(list(tab.inputs), tab.options, len(mirrors)),
        tab.controls(),
        [*tab.views, tab.record, *mirrors],
        concurrency_id="model",
        concurrency_limit=1,
        trigger_mode="multiple",  # a run asked for while another is at work takes its place
        **QUIET | {"queue": True},
    )


def explain_here(tab: SharedTab, elem_id: str) -> RunHere:
    """Run on another tab, while the Generation tab has no result."""
    return run_here(tab, elem_id, partial(explain_on, tab), "the prompt of the Generation tab")


def _runner(names: list[str], options: dict[str, Controls], mirrors: int):
    """The handler of Run: values of the inputs and options → updates of the views, record and mirrors."""

    def explain(request: gr.Request, *values) -> Iterator[list]:
        settings, chosen = read_values(names, options, values)
        settings["options"] = chosen[settings["method"]]
        view = GenerationView(settings["prompt"], settings["granularity"])
        for shown in show(request.session_hash, lambda hook: run(GenerationRequest(**settings), hook), view):
            yield [*shown, with_inputs(view.record(), settings) or gr.skip(), *[shown[0]] * mirrors]

    return explain
