"""The What-if section on a classified text: remove words by hand and see what becomes of each class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import gradio as gr

from components.classification.run import explain_on
from components.classification.tab import ClassificationTab
from components.classification.works import TUNED_MODELS
from components.line import results
from components.line.work import Work
from components.page.models_menu import TUNED
from components.page.views import Updates, Values
from components.pieces.views import class_change
from components.sharing.run_here import run_here
from components.sharing.tab import LinkedView
from components.what_if.class_view import (
    ClassActionView,
    chosen,
    class_explanation,
    counted,
    opened,
    recorded,
    unmeasured,
)
from components.what_if.questions import JointQuestion, Question
from components.what_if.removed_set import wire_question, wire_set, wire_stop
from components.what_if.section import Parts, Section, wire_link
from components.what_if.subject import Subject
from components.what_if.view import needed_explanation
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.loaded import LoadedModel
from explainers.streams.class_what_if import class_joint_effect, class_removal
from explainers.streams.events.shared import Event

ABOUT = (
    "Test the result of the Classification tab by hand. Remove words and see at once how the probability of "
    "each class changes, and whether the model still says the same."
)
NAME = "what-if-class"  # of its links and of its gr.Tab


class ClassRemovalQuestion(Question):
    """What becomes of the classes without these words?"""

    kind = "removal"
    text = "Measuring the classes without these words"
    short = True

    def ask(self, explanation, asked, on_forward, loaded):
        yield class_removal(explanation, asked, on_forward, loaded)

    def done(self, explanation, asked):
        return counted(explanation, asked)

    def failed(self, explanation):
        return unmeasured(explanation)


class ClassJointQuestion(JointQuestion):
    """Do these words work together for the explained class?"""

    def ask(self, explanation, asked, on_forward, loaded):
        yield class_joint_effect(explanation, asked, on_forward, loaded)


class ClassifiedText(Subject):
    """A classified text; at first nothing is removed."""

    name, text = NAME, "text"
    removal = ClassRemovalQuestion()
    view = ClassActionView

    def explanation(self, record: dict) -> dict:
        return class_explanation(record)

    def start(self, explanation: dict) -> list[int]:
        return []

    def opened(self, record: dict) -> Values:
        return opened(record)

    def chosen(self, record: dict, removed: Sequence[int], note: str = "") -> Values:
        return chosen(record, removed, note)

    def recorded(self, record: dict, removed: Sequence[int]) -> Values | None:
        return recorded(record, removed)

    def work(self, question: Question, record: dict, asked: object, session: str | None) -> Work:
        explanation = class_explanation(record)

        def stream(hook) -> Iterator[Event]:
            return question.events(explanation, asked, hook, tuned_model(session, record))

        kind = f"class {question.kind}"
        if record.get("inputs", {}).get("model") == TUNED:
            return Work(stream, kind, short=question.short)
        key = results.question(kind, explanation, asked)
        return Work(
            stream, kind, explanation["model"], Task.CLASSIFICATION, short=question.short, question=key
        )


def class_what_if_tab(classification: ClassificationTab, sections: gr.Tabs) -> LinkedView:
    """Lay out the section inside the current Blocks and wire it to the result that the Classification tab
    shows. sections: the tabs among which it is NAME."""
    gr.Markdown(ABOUT, elem_id="class-what-about")
    shared = classification.shared
    here = run_here(shared, "class-what", partial(explain_on, shared), "the text of the Classification tab")
    with gr.Column() as body:
        section = _layout(classification.record.value)
    shared.follow(lambda record: {body: gr.update(visible=record is not None)}, [body])
    subject = ClassifiedText(shared)
    wire_set(section, subject)
    joint = [section.buttons["joint"].click]
    wire_question(section, subject, joint, "set", ClassJointQuestion(), section.removed)
    wire_stop(section, subject, "click", "set")

    def say(inputs: dict, left_out: list[str]) -> Updates:
        return {sections: gr.Tabs(selected=NAME)} | here.restore(inputs, left_out)

    return wire_link(section, subject, NAME, [sections, *here.outputs()], say)


def tuned_model(session: str | None, record: dict) -> LoadedModel | None:
    """The session's tuned model where it made the record, None where another made it, which can be loaded by
    its name. Raises MaskwiseError where the tuned one is gone or was tuned anew."""
    loaded = TUNED_MODELS.find(session, record.get("inputs", {}).get("model"))
    if loaded and loaded.revision != needed_explanation(record).get("revision"):
        raise MaskwiseError(
            "Another tuned model made this result. Press Run on the Classification tab to classify it anew."
        )
    return loaded


def _layout(record: dict) -> Section:
    parts = Parts("class-what")
    parts.status()
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            parts.words("The text: choose the words to remove", "Remove the method's words")
        with gr.Column(min_width=320):
            parts.views["changes"] = class_change("class-what-changes")
            parts.joint()
    parts.copy_link()
    return parts.section(opened(record), [])
