"""Running the inputs of the Classification tab: Run, live reading, all methods, layers, tuning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

import gradio as gr

from components.classification.controls import ClassificationPanel, uploaded
from components.classification.explained import Explained
from components.classification.few_shot import TunedModels, TuningView
from components.classification.view import ClassificationView
from components.line.job import Work
from components.line.pace import size_of
from components.line.results import question_of
from components.page.controls import read_values
from components.page.models_menu import TUNED, at_hand, model_choices
from components.page.stream_view import StreamView
from components.page.views import IN_LINE, Updates, Values
from components.pieces.label_lines import read_examples, read_words
from components.runner import RUNNER, show
from components.sharing.tab import SharedTab
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.core.work import tokens_read
from explainers.streams.classification import ClassificationRequest
from explainers.streams.events.shared import Event
from explainers.streams.reading import (
    explain_and_read,
    explain_by_all,
    lens,
    passes_of_all,
    planned_passes,
    read,
)
from explainers.text.spans import about_spans
from explainers.text.tasks import CUSTOM, find_task

TUNED_MODELS = TunedModels()
EXPLAINED = Explained()
SLOT = "classification"  # Run, live reading, all methods and layers share the views
RUN, LIVE = "explained and read", "live"
RUN_SHOWS = ("result", "bars", "strip", "plot")
MODELS = [("Tuned on a few texts", TUNED)]
Passes = Callable[[ClassificationRequest, int], int]  # of a request, whose text has about so many spans


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
        if not (reading := read_live(request, settings, view)):
            yield gr.skip()
            return
        for shown in reading:
            # What is read live is no explanation to keep.
            yield tab.views.updates(shown) | ({tab.record: None} if view.prediction else {})

    settings = IN_LINE | {"trigger_mode": "always_last"}
    return gr.on(events, follow, tab.controls(), [*tab.views.values(), tab.record], **settings)


def run_inputs(
    request: gr.Request, settings: dict, work: Work, view: StreamView, inputs: dict | None = None
) -> Iterator[Values]:
    """Show what a button began on these inputs of the page."""
    with EXPLAINED.deciding:
        # The menu of classes follows the label words a moment later, which is no edit.
        EXPLAINED.fill(request.session_hash, settings, settings | {"label": chosen_class(settings)})
        return show(request, SLOT, work, view, inputs)


def read_live(request: gr.Request, settings: dict, view: ClassificationView) -> Iterator[Values] | None:
    """None where what is shown is of these inputs already."""
    with EXPLAINED.deciding:
        if EXPLAINED.is_shown(request.session_hash, settings):
            return None
        EXPLAINED.forget(request.session_hash)
        if settings["model"] != TUNED and not at_hand(settings["model"], Task.CLASSIFICATION):
            RUNNER.dismiss(request.session_hash, SLOT)
            view.add({"type": "error", "text": "Press Run to fetch this model first."})
            return iter([view.values()])
        work = classification_work(request.session_hash, settings, {}, read, LIVE, short=True)
        return show(request, SLOT, work, view)


def compare_on(tab: SharedTab, button: gr.Button) -> gr.events.Dependency:
    """Explain by every method."""

    def handle(request: gr.Request, *values) -> Iterator[Updates]:
        settings, options = read_values(list(tab.inputs), tab.options, values)
        view = ClassificationView(settings["text"], settings["granularity"], ("plot", "methods"))
        work = all_methods_work(request.session_hash, settings, options)
        for shown in run_inputs(request, settings, work, view):
            yield tab.views.updates(shown)

    return button.click(handle, tab.controls(), list(tab.views.values()), **IN_LINE)


def lens_on(tab: SharedTab, button: gr.Button) -> gr.events.Dependency:
    """Read every layer."""

    def handle(request: gr.Request, *values) -> Iterator[Updates]:
        settings, options = read_values(list(tab.inputs), tab.options, values)
        view = ClassificationView(settings["text"], settings["granularity"], ("lens",))
        own = options[settings["method"]]
        work = classification_work(request.session_hash, settings, own, lens, "layer lens", short=True)
        for shown in run_inputs(request, settings, work, view):
            yield tab.views.updates(shown)

    return button.click(handle, tab.controls(), list(tab.views.values()), **IN_LINE)


def tune_on(panel: ClassificationPanel) -> None:
    """Tune the model on the labelled texts, or apply a saved tuning."""
    inputs, outputs = list(panel.inputs.values()), [panel.status, panel.inputs["model"], panel.saved]

    def tune(request: gr.Request, *values) -> Iterator[Updates]:
        yield from _learn(panel, request, values, TUNED_MODELS.tune)

    def apply(request: gr.Request, file: str | None, *values) -> Iterator[Updates]:
        yield from _learn(panel, request, values, partial(TUNED_MODELS.read, uploaded(file)))

    panel.tune.click(tune, inputs, outputs, **IN_LINE)
    panel.adapter.upload(apply, [panel.adapter, *inputs], outputs, **IN_LINE)


def _learn(
    panel: ClassificationPanel, request: gr.Request, values: Sequence, how: Callable[..., Iterator[Event]]
) -> Iterator[Updates]:
    """values: of the panel's inputs. how: takes the session, the request and on_forward."""
    settings, session = dict(zip(panel.inputs, values, strict=True)), request.session_hash
    menu = [*MODELS, *model_choices(Task.CLASSIFICATION)]
    work = Work(
        lambda hook: how(session, classification_request(settings, {}), hook),
        kind="tuning",
        model="" if settings["model"] == TUNED else settings["model"],
        task=Task.CLASSIFICATION,
    )
    for shown in run_inputs(request, settings, work, TuningView()):
        updates: Updates = {panel.status: shown["status"]} if "status" in shown else {}
        if file := shown.get("file"):
            updates[panel.inputs["model"]] = gr.update(choices=menu, value=TUNED)
            updates[panel.saved] = gr.update(value=file, visible=True)
        yield updates


def run_work(session: str | None, settings: dict, options: dict) -> Work:
    """Explain by the method that is chosen. options: of the method."""
    work = classification_work(session, settings, options, explain_and_read)
    return _sized(work, settings, options, planned_passes)


def all_methods_work(session: str | None, settings: dict, options: dict[str, dict]) -> Work:
    """Explain by every method. options: by method."""

    def every(request: ClassificationRequest, hook, loaded) -> Iterator[Event]:
        return explain_by_all(request, options, hook, loaded)

    def passes(request: ClassificationRequest, spans: int) -> int:
        return passes_of_all(request, options, spans)

    own = options[settings["method"]]
    work = classification_work(session, settings, own, every, "all methods", more=options)
    return _sized(work, settings, own, passes)


def tokens_to_read(request: ClassificationRequest, passes: Passes) -> int:
    """About how much work it is to send so many texts through the model."""
    length = len(request.text.split()) + len(request.used_template().split())
    return tokens_read(passes(request, about_spans(request.text, request.settings().granularity)), length, 0)


def _sized(work: Work, settings: dict, options: dict, passes: Passes) -> Work:
    return replace(
        work, size=size_of(lambda: tokens_to_read(classification_request(settings, options), passes))
    )


def classification_work(
    session: str | None,
    settings: dict,
    options: dict,
    stream: Callable[..., Iterator[Event]],
    kind: str = RUN,
    short: bool = False,
    more: object = None,
) -> Work:
    """One of the streams of classification on the page's inputs. options: of the method. more: what else its
    result depends on."""

    def request() -> ClassificationRequest:
        return classification_request(settings, options)

    def events(hook) -> Iterator[Event]:
        return stream(request(), hook, TUNED_MODELS.find(session, settings["model"]))

    if settings["model"] == TUNED:  # the session's own
        return Work(events, kind, short=short)
    question = "" if kind == LIVE else question_of(kind, request, more)  # what is half typed is not kept
    return Work(events, kind, settings["model"], Task.CLASSIFICATION, short=short, question=question)


def chosen_class(settings: dict) -> str:
    """The class to explain, "" where the label words do not name it."""
    with suppress(MaskwiseError):  # of words that cannot be read
        return settings["label"] if settings["label"] in read_words(settings["label_words"]) else ""
    return settings["label"]


def classification_request(settings: dict, options: dict) -> ClassificationRequest:
    """The page's inputs as a request; raises MaskwiseError. options: of the method."""
    task = find_task(settings["task"])
    words, count = read_words(settings["label_words"]), settings["words_per_class"]
    examples = read_examples(settings["examples"], list(words))
    own = task.label_words(count)
    names = ("text", "model", "method", "template", "verbalizer", "seed")
    more = {name: settings[name] for name in ("granularity", "k")}
    return ClassificationRequest(
        **{name: settings[name] for name in names},
        task=settings["task"] if set(words) == set(own) else CUSTOM,
        label=chosen_class(settings),
        label_words={} if words == own else words,
        options={**options, **more, "words_per_class": count, "examples": examples},
    )


def leave(session: str | None) -> None:
    """Forget what a closed page kept in memory."""
    TUNED_MODELS.forget(session)
    EXPLAINED.forget(session)
