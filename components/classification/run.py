"""Running the inputs of the Classification tab: Run, live reading, and what is made on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr

from components.classification.explained import Explained
from components.classification.view import ClassificationView
from components.classification.works import TUNED_MODELS, chosen_class, reading_work, run_work
from components.line.work import Work
from components.page.controls import read_values
from components.page.models_menu import TUNED, at_hand
from components.page.stream_view import StreamView
from components.page.views import IN_LINE, Updates, Values
from components.runner import RUNNER, show
from components.server.arrivals import arrival
from components.sharing.tab import SharedTab
from explainers.core.types import Task

EXPLAINED = Explained()
SLOT = "classification"  # Run, live reading, all methods and layers share the views
RUN_SHOWS = ("result", "bars", "strip", "plot")


def explain_on(tab: SharedTab, when: Callable, *mirrors: gr.HTML) -> gr.events.Dependency:
    """Explain the tab's inputs. when: what begins it, as a button's `click`. mirrors: more status lines that
    say how it goes. Returns the event of the run."""

    def explain(request: gr.Request, *values) -> Iterator[Updates]:
        settings, options = read_values(list(tab.inputs), tab.options, values)
        own = options[settings["method"]]
        view, inputs = tab.view(settings), settings | {"options": own}
        work = run_work(request.session_hash, settings, own)
        for shown in run_inputs(request, settings, work, view, inputs):
            yield tab.changed(shown, view.record(), inputs, mirrors)

    return when(explain, tab.controls(), [*tab.views.values(), tab.record, *mirrors], **IN_LINE)


def run_view(inputs: dict) -> ClassificationView:
    """The view of a run of these inputs."""
    return ClassificationView(inputs["text"], inputs["granularity"], RUN_SHOWS)


def read_on(tab: SharedTab, events: list) -> gr.events.Dependency:
    """Read live what these edits make of the inputs; a result of others is taken away."""

    def follow(request: gr.Request, *values) -> Iterator[Updates]:
        settings, _ = read_values(list(tab.inputs), tab.options, values)
        view = ClassificationView(settings["text"], settings["granularity"], live=True)
        for shown in read_live(request, settings, view) or ():
            # What is read live is no explanation to keep.
            yield tab.views.updates(shown) | ({tab.record: None} if view.prediction else {})

    settings = IN_LINE | {"trigger_mode": "always_last"}
    return gr.on(events, follow, tab.controls(), [*tab.views.values(), tab.record], **settings)


def show_on(
    tab: SharedTab,
    button: gr.Button,
    shows: tuple[str, ...],
    work: Callable[[str | None, dict, dict[str, dict]], Work],
) -> gr.events.Dependency:
    """Show these views at a click. work: of a session, the inputs, and the options by method."""

    def handle(request: gr.Request, *values) -> Iterator[Updates]:
        settings, options = read_values(list(tab.inputs), tab.options, values)
        view = ClassificationView(settings["text"], settings["granularity"], shows)
        asked = work(request.session_hash, settings, options)
        for shown in run_inputs(request, settings, asked, view):
            yield tab.views.updates(shown)

    return button.click(handle, tab.controls(), list(tab.views.values()), **IN_LINE)


def run_inputs(
    request: gr.Request, settings: dict, work: Work, view: StreamView, inputs: dict | None = None
) -> Iterator[Values]:
    """Show what a button began on these inputs of the page."""
    with EXPLAINED.deciding:
        # The menu of classes follows the label words a moment later, which is no edit.
        after = settings | {"label": chosen_class(settings)}
        EXPLAINED.fill(request.session_hash, settings, after, arrival(request))
        return show(request, SLOT, work, view, inputs)


def read_live(request: gr.Request, settings: dict, view: ClassificationView) -> Iterator[Values] | None:
    """None where what is shown is of these inputs already, or of later ones."""
    fetched = settings["model"] == TUNED or at_hand(settings["model"], Task.CLASSIFICATION)
    with EXPLAINED.deciding:
        if EXPLAINED.is_shown(request.session_hash, settings, arrival(request)):
            return None
        EXPLAINED.forget(request.session_hash)
        if not fetched:
            RUNNER.dismiss(request.session_hash, SLOT)
            view.add({"type": "error", "text": "Press Run to fetch this model first."})
            return iter([view.values()])
        return show(request, SLOT, reading_work(request.session_hash, settings), view)


def leave(session: str | None) -> None:
    """Forget what a closed page kept in memory."""
    TUNED_MODELS.forget(session)
    EXPLAINED.forget(session)
