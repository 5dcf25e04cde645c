"""The Classification tab: which tokens of a text speak for a class."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from components.classification import controls
from components.classification.controls import Panel
from components.classification.few_shot import TUNED, TunedModels, TuningView
from components.classification.view import VIEWS, ClassificationView
from components.page.controls import all_controls, read_values
from components.page.models_menu import at_hand, model_choices
from components.page.scripts import ASSETS
from components.pieces.label_lines import read_examples, read_words
from components.pieces.views import (
    class_bars,
    faithfulness_plot,
    layer_lens_view,
    method_strips,
    result_view,
    token_strip,
)
from components.runner import show, stop, wait_turn
from components.sharing.records import with_inputs
from components.sharing.share_bar import share_bar, wire_share_bar
from components.sharing.tab import SharedTab
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.streams.classification import ClassificationRequest
from explainers.streams.reading import compare, explain_and_read, lens, read
from explainers.text.tasks import CUSTOM, find_task

STORED = ASSETS / "examples" / "classification.json"
TUNED_MODELS = TunedModels()
# By session, the inputs before and after those of the result that is shown were filled in. The page fills
# them in one by one: an edit that comes late, or of some of them, must not wipe the result.
EXPLAINED: dict[str | None, tuple[dict, dict]] = {}
QUIET = {"show_progress": "hidden", "api_visibility": "private"}
QUEUED = QUIET | {"concurrency_id": "model", "concurrency_limit": 1}
RUN_SHOWS = ("status", "result", "bars", "strip", "plot")


@dataclass(frozen=True)
class ClassificationTab:
    """The parts of the tab that others build on.

    views: in the order of VIEWS. record: the explanation that is shown, as ClassificationView.record gives it
    with "inputs"; None while the page reads live. shared: for links and files.
    """

    panel: Panel
    views: list[gr.HTML]
    record: gr.State
    shared: SharedTab


def classification_tab() -> ClassificationTab:
    """Lay out the tab inside the current Blocks and wire it."""
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(scale=2, min_width=320):
            panel = controls.panel()
        with gr.Column(scale=3, min_width=320):
            views, compare_button, lens_button = _views(panel)
            bar = share_bar("class-share")
    record, blank = gr.State(replay(stored_events()).record()), [view.value for view in views]
    for view, value in zip(views, stored_example(), strict=True):
        if value is not None:
            view.value = value
    controls.fill_by_task(panel)
    panel.inputs["task"].change(_ready_templates, panel.inputs["task"], panel.ready, queue=False, **QUIET)
    runs = _wire(panel, [*views, record], compare_button, lens_button)
    _wire_tuning(panel)
    settings = panel.inputs, panel.options, views, record, bar, replay, blank
    shared = SharedTab("classification", *settings, _settle)
    wire_share_bar(shared, runs)
    return ClassificationTab(panel, views, record, shared)


def _views(panel: Panel):
    """The right column: all views in the order of VIEWS, and the buttons of those made on demand."""
    result, bars = result_view("class-result"), class_bars("class-bars")
    strip = token_strip("class-strip", "The text, token by token")
    plot = faithfulness_plot("class-plot")
    with gr.Row(elem_classes="mw-tight"):
        compare_button = gr.Button("All methods", min_width=120, elem_id="all-methods")
        lens_button = gr.Button("Layer lens", min_width=120, elem_id="layer-lens-run")
    methods, layers = method_strips("class-methods"), layer_lens_view("layer-lens")
    return [panel.status, result, bars, strip, plot, methods, layers], compare_button, lens_button


def _wire(panel: Panel, outputs: list, compare_button: gr.Button, lens_button: gr.Button) -> list:
    """outputs: the views and the record. Returns the events that change them."""
    inputs, once = _inputs(panel), QUEUED | {"trigger_mode": "once"}
    bars, label = outputs[VIEWS.index("bars")], panel.inputs["label"]
    chosen = bars.select(_picked, None, label, queue=False, **QUIET)
    chosen = chosen.then(wait_turn, None, panel.status, queue=False, **QUIET)
    pressed = explain_on(panel, outputs, [panel.run.click, panel.inputs["text"].submit])
    runs = [pressed, _then_explain(chosen, panel, outputs)]
    follow = _handler(panel, read, VIEWS, live=True)
    live = gr.on(controls.live_events(panel), follow, inputs, outputs, **QUEUED, trigger_mode="always_last")
    all_methods = _handler(panel, compare, ("status", "plot", "methods"))
    compared = compare_button.click(all_methods, inputs, outputs, **once)
    read_layers = lens_button.click(_handler(panel, lens, ("status", "lens")), inputs, outputs, **once)
    panel.stop.click(stop, queue=False, **QUIET)
    return [*runs, live, compared, read_layers]


def explain_on(panel: Panel, outputs: list, events: list, *mirrors: gr.HTML) -> gr.events.Dependency:
    """Explain the inputs at these events. outputs: the views and the record. mirrors: more status lines that
    say how it goes. Returns the event of the run."""
    lines = [panel.status, *mirrors]

    def wait(request: gr.Request) -> dict:
        return dict.fromkeys(lines, wait_turn(request))

    asked = gr.on(events, wait, None, lines, queue=False, **QUIET)
    return _then_explain(asked, panel, outputs, *mirrors)


def _then_explain(asked: gr.events.Dependency, panel: Panel, outputs: list, *mirrors: gr.HTML):
    explain = _handler(panel, explain_and_read, RUN_SHOWS, mirrors=len(mirrors))
    return asked.then(explain, _inputs(panel), [*outputs, *mirrors], **QUEUED, trigger_mode="multiple")


def _inputs(panel: Panel) -> list:
    return [*panel.inputs.values(), *all_controls(panel.options)]


def _wire_tuning(panel: Panel) -> None:
    names, inputs = list(panel.inputs), list(panel.inputs.values())
    models = [("Tuned on a few texts", TUNED), *model_choices(Task.CLASSIFICATION)]

    def tune(request: gr.Request, *values) -> Iterator[list]:
        settings, path = dict(zip(names, values, strict=False)), values[len(names) :]
        session = request.session_hash

        def stream(hook):
            asked = classification_request(settings, {})
            if path:
                return TUNED_MODELS.read(session, asked, Path(*path), hook)
            return TUNED_MODELS.tune(session, asked, hook)

        for status, file in show(session, stream, TuningView()):
            chosen = gr.update(choices=models, value=TUNED) if file else gr.skip()
            yield [status, chosen, gr.update(value=file, visible=True) if file else gr.skip()]

    outputs, once = [panel.status, panel.inputs["model"], panel.saved], QUEUED | {"trigger_mode": "once"}
    panel.tune.click(tune, inputs, outputs, **once)
    panel.adapter.upload(tune, [*inputs, panel.adapter], outputs, **once)


def _handler(panel: Panel, stream, shows: tuple[str, ...], live: bool = False, mirrors: int = 0):
    """Values of the inputs and options → updates of the views, of the record and of `mirrors` more status
    lines, by one of the streams of classification."""
    names = list(panel.inputs)

    def run(request: gr.Request, *values) -> Iterator[list]:
        settings, options = read_values(names, panel.options, values)
        session = request.session_hash
        if live and _is_shown(session, settings):
            yield [gr.skip()] * (len(VIEWS) + 1)
            return
        if live:
            EXPLAINED.pop(session, None)
        elif stream is explain_and_read:
            EXPLAINED[session] = settings, settings
        view = ClassificationView(settings["text"], settings["granularity"], shows, live)

        def events(hook):
            loaded = TUNED_MODELS.find(session, settings["model"])
            if live and not loaded and not at_hand(settings["model"], Task.CLASSIFICATION):
                raise MaskwiseError("Press Run to fetch this model first.")
            asked = classification_request(settings, {} if live else options[settings["method"]])
            more = (options,) if stream is compare else ()
            return stream(asked, *more, hook, loaded)

        for shown in show(session, events, view):
            kept = _record(view, settings | {"options": options[settings["method"]]})
            updates = [gr.skip() if value is None else value for value in shown]
            yield [*updates, kept, *[updates[0]] * mirrors]

    return run


def _record(view: ClassificationView, inputs: dict):
    """Update of the record: what is read live is no explanation to keep."""
    if view.live and view.prediction:
        return None
    return with_inputs(view.record(), inputs) or gr.skip()


def classification_request(settings: dict, options: dict) -> ClassificationRequest:
    """The page's inputs as a request; raises MaskwiseError. options: of the method."""
    task = find_task(settings["task"])
    words, count = read_words(settings["label_words"]), settings["words_per_class"]
    examples = read_examples(settings["examples"], list(words))
    label = settings["label"] if settings["label"] in words else ""
    own = task.label_words(count)
    names = ("text", "model", "method", "template", "verbalizer", "seed")
    more = {name: settings[name] for name in ("granularity", "k")}
    return ClassificationRequest(
        **{name: settings[name] for name in names},
        task=settings["task"] if set(words) == set(own) else CUSTOM,
        label=label,
        label_words={} if words == own else words,
        options={**options, **more, "words_per_class": count, "examples": examples},
    )


def _is_shown(session: str | None, settings: dict) -> bool:
    before, after = EXPLAINED.get(session, ({}, {}))
    if settings == after:  # all are filled in
        EXPLAINED[session] = after, after
    return bool(after) and all(value in (before[name], after[name]) for name, value in settings.items())


def _settle(session: str | None, before: dict, after: dict) -> dict:
    """A link or a file is about to fill in `after`: nothing is read live, and the class is in its menu."""
    EXPLAINED[session] = before, after
    menu = controls.label_menu(after["label_words"], after["label"])
    return {"label": menu | {"value": after["label"]}}


def _ready_templates(task: str):
    """The task's menu, also where a link or a file has set the task."""
    return gr.update(choices=list(find_task(task).templates))


def _picked(event: gr.SelectData) -> str:
    return event.value


def leave(session: str | None) -> None:
    """Forget what a closed page kept in memory."""
    TUNED_MODELS.forget(session)
    EXPLAINED.pop(session, None)


def stored_events() -> list[dict]:
    """Events of the result stored in the repository."""
    return json.loads(STORED.read_text(encoding="utf-8"))["events"]


def stored_example() -> list[dict | None]:
    """Values of the views for the stored result, so that the page never opens blank."""
    view = replay(stored_events())
    view.progress.text = f"A stored example: {view.progress.text} Edit anything to see the prediction follow."
    return view.values()


def replay(events: list[dict]) -> ClassificationView:
    """The view of a result from its recorded events."""
    view = ClassificationView("", shows=RUN_SHOWS)
    for event in events:
        view.add(event)
    return view
