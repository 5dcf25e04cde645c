"""The Classification tab: which tokens of a text speak for a class."""

from __future__ import annotations

import json
from dataclasses import dataclass

import gradio as gr

from components.classification import controls, filling
from components.classification.controls import ClassificationPanel
from components.classification.estimate import show_estimate
from components.classification.run import (
    EXPLAINED,
    RUN_SHOWS,
    SLOT,
    explain_on,
    read_on,
    run_view,
    show_on,
)
from components.classification.tuning import tune_on
from components.classification.view import ClassificationView
from components.classification.works import all_methods_work, layers_work
from components.page.scripts import ASSETS
from components.page.views import AT_ONCE, EACH_TIME, Values, Views
from components.pieces.views import (
    class_bars,
    faithfulness_plot,
    layer_lens_view,
    method_strips,
    result_view,
    token_strip,
)
from components.runner import stopper
from components.sharing.share_bar import share_bar, wire_share_bar
from components.sharing.tab import IDLE_SECONDS, SharedTab
from explainers.text.tasks import find_task

STORED = ASSETS / "examples" / "classification.json"


@dataclass(frozen=True)
class ClassificationTab:
    """The parts of the tab that others build on.

    record: the explanation that is shown, as ClassificationView.record gives it with "inputs"; None while
    the page reads live. shared: for links and files.
    """

    panel: ClassificationPanel
    record: gr.State
    shared: SharedTab


def classification_tab() -> ClassificationTab:
    """Lay out the tab inside the current Blocks and wire it."""
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(scale=2, min_width=320):
            panel = controls.panel()
        with gr.Column(scale=3, min_width=320):
            views, every_method, layers = _views(panel)
            bar = share_bar("class-share")
    record = gr.State(replay(stored_events()).record(), time_to_live=IDLE_SECONDS)
    blank = views.shown()
    views.fill(stored_example())
    shared = SharedTab(
        name="classification",
        inputs=panel.inputs,
        options=panel.options,
        views=views,
        record=record,
        bar=bar,
        runs=[panel.run, every_method, layers],
        view=run_view,
        replay=replay,
        blank=blank,
        settle=_settle,
    )
    filling.fill_by_task(panel)
    panel.inputs["task"].change(_ready_templates, panel.inputs["task"], panel.ready, **EACH_TIME)
    running = _wire(shared, panel, every_method, layers)
    wire_share_bar(shared, running)
    return ClassificationTab(panel, record, shared)


def _views(panel: ClassificationPanel) -> tuple[Views, gr.Button, gr.Button]:
    """The right column: all views, and the buttons of those made on demand."""
    result, bars = result_view("class-result"), class_bars("class-bars")
    strip = token_strip("class-strip", "The text, token by token")
    plot = faithfulness_plot("class-plot")
    with gr.Row(elem_classes="mw-tight"):
        every_method = gr.Button("All methods", min_width=120, elem_id="all-methods")
        layers = gr.Button("Layer lens", min_width=120, elem_id="layer-lens-run")
    methods, lens = method_strips("class-methods"), layer_lens_view("layer-lens")
    named = {"result": result, "bars": bars, "strip": strip, "plot": plot, "methods": methods, "lens": lens}
    return Views(status=panel.status, **named), every_method, layers


def _wire(shared: SharedTab, panel: ClassificationPanel, every_method: gr.Button, layers: gr.Button) -> list:
    """Returns the events of the runs."""
    picked = shared.views["bars"].select(_picked, None, panel.inputs["label"], **AT_ONCE)
    panel.stop.click(stopper(SLOT), **AT_ONCE)
    tune_on(panel)
    reading = read_on(shared, filling.live_events(panel))
    show_estimate(shared, panel.estimate, reading)
    return [
        explain_on(shared, panel.run.click),
        explain_on(shared, picked.then),
        reading,
        show_on(shared, every_method, ("plot", "methods"), all_methods_work),
        show_on(shared, layers, ("lens",), layers_work),
    ]


def _settle(session: str | None, before: dict, after: dict) -> dict:
    """A link or a file is about to fill in `after`: nothing is read live, and the class is in its menu."""
    with EXPLAINED.deciding:
        EXPLAINED.fill(session, before, after)
    menu = filling.label_menu(after["label_words"], after["label"])
    return {"label": menu | {"value": after["label"]}}


def _ready_templates(task: str):
    """The task's menu, also where a link or a file has set the task."""
    return gr.update(choices=list(find_task(task).templates))


def _picked(event: gr.SelectData) -> str:
    return event.value


def stored_events() -> list[dict]:
    """Events of the result stored in the repository."""
    return json.loads(STORED.read_text(encoding="utf-8"))["events"]


def stored_example() -> Values:
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
