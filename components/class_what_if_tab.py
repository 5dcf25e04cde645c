"""The What-if section on a classified text: remove words by hand and see what becomes of each class."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr

from components.class_change import class_change
from components.class_what_if_questions import CLASS_JOINT, CLASS_REMOVAL, tuned_model
from components.class_what_if_view import ClassActionView, chosen, class_explanation, opened, recorded
from components.classification_tab import QUEUED, QUIET, ClassificationTab
from components.joint_effect import joint_effect_view
from components.result_sentence import result_view
from components.runner import show
from components.sharing.copy_link import copy_link, wire_copy_link
from components.sharing.records import inputs_of, needed
from components.status_line import status_line
from components.token_strip import token_strip
from components.what_if_layout import Section
from components.what_if_questions import Question
from components.what_if_runs import ask, end, key
from components.what_if_view import method_set, status, toggled

ABOUT = (
    "Test the result of the Classification tab by hand. Remove words and see at once how the probability of "
    "each class changes, and whether the model still says the same."
)
KINDS = ("class-click", "class-set")  # runs of one page, each of which another of its kind replaces


def class_what_if_tab(classification: ClassificationTab) -> Section:
    """Lay out the section inside the current Blocks and wire it to the result that the Classification tab
    shows."""
    section = _layout(opened(classification.record.value))
    link = copy_link("class-what-link", "Copy link to this text and its settings")
    wire_copy_link(link, "classification", lambda record: inputs_of(needed(record)), [classification.record])
    _wire(section, classification)
    return section


def _layout(shown: dict) -> Section:
    gr.Markdown(ABOUT, elem_id="class-what-about")
    views, buttons = {}, {}

    def button(name: str, text: str, **settings) -> None:
        sizes = {"size": "md", "min_width": 70}
        buttons[name] = gr.Button(text, elem_id=f"class-what-{name}", **sizes, **settings)

    with gr.Row(elem_classes="mw-tight what-if-status"):
        with gr.Column(scale=8, min_width=120):
            views["status"] = status_line("class-what-status")
        button("stop", "Stop", scale=0)
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            views["strip"] = token_strip("class-what-strip", "The text: choose the words to remove")
            with gr.Row(elem_classes="mw-tight"):
                button("restore", "Restore all")
                button("method", "Remove the method's words")
            views["result"] = result_view("class-what-result")
        with gr.Column(min_width=320):
            views["changes"] = class_change("class-what-changes")
            button("joint", "Do they work together?")
            views["joint"] = joint_effect_view("class-what-joint-effect")
    for name, value in shown.items():
        views[name].value = value
    return Section(views, buttons, gr.State([]))


def _wire(section: Section, classification: ClassificationTab) -> None:
    record = classification.record
    inputs, views = [record, section.removed], list(section.views.values())
    outputs, at_once = [*views, section.removed], QUIET | {"queue": False}
    classification.shared.follow(_open(section), outputs)
    # Queued, or Gradio would not tell that `removed` changed; one by one, so that no click is lost.
    several = QUIET | {"concurrency_id": "choice", "concurrency_limit": 1, "trigger_mode": "multiple"}
    section.views["strip"].select(_toggle(section), inputs, outputs, **several)
    for name, choose in (("restore", lambda explanation: []), ("method", method_set)):
        section.buttons[name].click(_remove(section, choose), record, outputs, **several)
    section.removed.change(_measure(section), inputs, views, **QUEUED, trigger_mode="always_last")
    asked = section.buttons["joint"].click(ask("class-set"), None, section.views["status"], **at_once)
    joint = _answering(section, "class-set", CLASS_JOINT)
    asked.then(joint, inputs, views, **QUEUED, trigger_mode="multiple")
    section.buttons["stop"].click(_stop, **at_once)


def _open(section: Section) -> Callable:
    """Another result is shown on the Classification tab, or none."""

    def handle(record: dict | None) -> dict:
        nothing_removed = {section.removed: []} if record else {}
        return section.updates(opened(record)) | nothing_removed

    return handle


def _toggle(section: Section) -> Callable:
    """A click on a word removes it or puts it back."""

    def handle(record: dict | None, removed: list[int], event: gr.SelectData, request: gr.Request) -> dict:
        def choose(explanation: dict) -> list[int]:
            return toggled(removed, event.index, len(explanation["spans"]))

        return _changed(section, record, choose, request)

    return handle


def _remove(section: Section, choose: Callable[[dict], list[int]]) -> Callable:
    def handle(record: dict | None, request: gr.Request) -> dict:
        return _changed(section, record, choose, request)

    return handle


def _changed(section: Section, record: dict | None, choose: Callable, request: gr.Request) -> dict:
    """Updates at once; what was asked of the earlier set is ended. choose: explanation → removed."""
    end(request, "class-set")
    if not record:
        return section.updates(opened(None))
    removed = choose(class_explanation(record))
    waiting = {"status": status("queued", "Waiting for the model")}
    shown = chosen(record, removed) | (recorded(record, removed) or waiting)
    return section.updates(shown) | {section.removed: removed}


def _measure(section: Section) -> Callable:
    """What becomes of the classes, by the record where that tells it, else by the model."""
    ask_model = _answering(section, "class-click", CLASS_REMOVAL)

    def handle(record: dict | None, removed: list[int], request: gr.Request) -> Iterator[dict]:
        if record and (known := recorded(record, removed)):
            yield section.updates(known)
        else:
            yield from ask_model(record, removed, request)

    return handle


def _answering(section: Section, kind: str, question: Question) -> Callable:
    """The handler that puts a question about the removed words to the model that made the record."""

    def handle(record: dict | None, removed: list[int], request: gr.Request) -> Iterator[dict]:
        if not record:
            yield section.updates(opened(None))
            return
        explanation, session = class_explanation(record), request.session_hash

        def stream(hook):
            yield from question.events(explanation, removed, hook, tuned_model(session, record))

        view = ClassActionView(explanation, question.failed(explanation))
        for values in show(key(request, kind), stream, view):
            yield section.updates(values)

    return handle


def _stop(request: gr.Request) -> None:
    end(request, *KINDS)
