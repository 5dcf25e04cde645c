"""Running the inputs of the Generation tab, from its own Run and from those of other tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import gradio as gr

from components.line.pace import size_of
from components.line.results import question_of
from components.line.work import Work
from components.page.controls import read_values
from components.page.stream_view import StreamView
from components.page.views import IN_LINE, Updates
from components.runner import show
from components.sharing.run_here import RunHere, run_here
from components.sharing.tab import SharedTab
from explainers.core.types import Task
from explainers.core.work import tokens_read
from explainers.streams.generation import run
from explainers.streams.requests.generation import GenerationRequest
from explainers.text.spans import about_spans

KIND = "generation"


def explain_on(
    tab: SharedTab, when: Callable, *mirrors: gr.HTML, only_stored: bool = False
) -> gr.events.Dependency:
    """Explain the Generation tab's inputs, in its views. when: what begins it, as a button's `click`.
    mirrors: more status lines that say how it goes. only_stored: show a result that is kept, compute none.
    Returns the event of the run."""

    def explain(request: gr.Request, *values) -> Iterator[Updates]:
        settings, options = read_values(list(tab.inputs), tab.options, values)
        settings["options"] = options[settings["method"]]
        if not only_stored or page_work(settings).result():
            yield from explained(tab, request, settings, tab.view(settings), mirrors)

    return when(explain, tab.controls(), [*tab.views.values(), tab.record, *mirrors], **IN_LINE)


def explained(
    tab: SharedTab, request: gr.Request, settings: dict, view: StreamView, mirrors: Sequence[gr.HTML] = ()
) -> Iterator[Updates]:
    """Updates of the tab while these inputs are explained. mirrors: as in `explain_on`."""
    for shown in show(request, tab.name, page_work(settings), view, settings):
        yield tab.changed(shown, view.record(), settings, mirrors)


def page_work(settings: dict) -> Work:
    """Explain these inputs of the page."""
    return generation_work(lambda: GenerationRequest(**settings), settings["model"])


def generation_work(request: Callable[[], GenerationRequest], model: str) -> Work:
    """Explain a generation. request: raises MaskwiseError where it cannot be. model: as it names it."""
    return Work(
        lambda hook: run(request(), hook, reuse=True),
        KIND,
        model=model,
        task=Task.GENERATION,
        question=question_of(KIND, lambda: asked_by(request())),
        size=size_of(lambda: tokens_to_read(request())),
    )


def tokens_to_read(request: GenerationRequest) -> int:
    """About how much work a run is until it shows its result."""
    length = len(request.prompt.split()) + request.max_new_tokens
    answers = 1 if request.response.strip() else 2
    return tokens_read(passes_until_shown(request), length, answers * request.max_new_tokens)


def passes_until_shown(request: GenerationRequest) -> int:
    return request.explainer().passes_until_shown(about_spans(request.prompt, request.granularity))


def asked_by(request: GenerationRequest) -> tuple:
    """What decides the result; an option that is given as it is anyway makes no difference."""
    return replace(request, options={}), request.explainer().options


def explain_here(tab: SharedTab, elem_id: str) -> RunHere:
    """Run on another tab, while the Generation tab has no result."""
    return run_here(tab, elem_id, partial(explain_on, tab), "the prompt of the Generation tab")
