"""Running the inputs of the Generation tab, from its own Run and from those of other tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import gradio as gr

from components.generation.estimate import tokens_to_read
from components.line.job import Work
from components.line.results import question_of
from components.page.controls import read_values
from components.page.views import IN_LINE, Updates
from components.runner import show
from components.sharing.run_here import RunHere, run_here
from components.sharing.tab import SharedTab
from explainers.core.types import Task
from explainers.streams.generation import GenerationRequest, run


def explain_on(
    tab: SharedTab, when: Callable, *mirrors: gr.HTML, only_stored: bool = False
) -> gr.events.Dependency:
    """Explain the Generation tab's inputs, in its views. when: what begins it, as a button's `click`.
    mirrors: more status lines that say how it goes. only_stored: show a result that is kept, compute none.
    Returns the event of the run."""

    def explain(request: gr.Request, *values) -> Iterator[Updates]:
        settings, options = read_values(list(tab.inputs), tab.options, values)
        settings["options"] = options[settings["method"]]
        view = tab.view(settings)
        work = generation_work(lambda: GenerationRequest(**settings), settings["model"])
        if only_stored and not work.result():
            yield gr.skip()
            return
        for shown in show(request, tab.name, work, view, settings):
            yield tab.changed(shown, view.record(), settings, mirrors)

    return when(explain, tab.controls(), [*tab.views.values(), tab.record, *mirrors], **IN_LINE)


def generation_work(request: Callable[[], GenerationRequest], model: str) -> Work:
    """Explain a generation. request: raises MaskwiseError where it cannot be. model: as it names it."""
    return Work(
        lambda hook: run(request(), hook, reuse=True),
        kind="generation",
        model=model,
        task=Task.GENERATION,
        question=question_of("generation", lambda: asked_by(request())),
        size=tokens_to_read(request),
    )


def asked_by(request: GenerationRequest) -> tuple:
    """What decides the result; an option that is given as it is anyway makes no difference."""
    return replace(request, options={}), request.explainer().options


def explain_here(tab: SharedTab, elem_id: str) -> RunHere:
    """Run on another tab, while the Generation tab has no result."""
    return run_here(tab, elem_id, partial(explain_on, tab), "the prompt of the Generation tab")
