"""The What-if section on a classified text: remove words by hand and see what becomes of each class."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import gradio as gr

from components.classification.tab import ClassificationTab, explain_on
from components.page.run_here import run_here
from components.pieces.views import class_change
from components.sharing.tab import LinkedView, SharedTab, Updates
from components.what_if.class_questions import CLASS_JOINT, CLASS_REMOVAL, tuned_model
from components.what_if.class_view import ClassActionView, chosen, class_explanation, opened, recorded
from components.what_if.questions import Question
from components.what_if.removed_set import wire_question, wire_set, wire_stop
from components.what_if.section import Parts, Section, Subject, wire_link

ABOUT = (
    "Test the result of the Classification tab by hand. Remove words and see at once how the probability of "
    "each class changes, and whether the model still says the same."
)
NAME = "what-if-class"  # of its links and of its gr.Tab


def class_what_if_tab(classification: ClassificationTab, sections: gr.Tabs) -> LinkedView:
    """Lay out the section inside the current Blocks and wire it to the result that the Classification tab
    shows. sections: the tabs among which it is NAME."""
    gr.Markdown(ABOUT, elem_id="class-what-about")
    shared = classification.shared
    explain = partial(explain_on, classification.panel, [*classification.views, classification.record])
    here = run_here(shared, "class-what", explain, "the text of the Classification tab")
    with gr.Column() as body:
        section = _layout(classification.record.value)
    shared.follow(lambda record: {body: gr.update(visible=record is not None)}, [body])
    subject = _subject(shared)
    wire_set(section, subject)
    joint = [section.buttons["joint"].click]
    wire_question(section, subject, joint, "set", CLASS_JOINT, section.removed)
    wire_stop(section, subject, "click", "set")

    def say(inputs: dict, left_out: list[str]) -> Updates:
        return {sections: gr.Tabs(selected=NAME)} | here.restore(inputs, left_out)

    return wire_link(section, subject, NAME, [sections, *here.outputs()], say)


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


def _subject(tab: SharedTab) -> Subject:
    return Subject(
        runs="class-",
        tab=tab,
        text="text",
        explanation=class_explanation,
        start=lambda explanation: [],
        opened=opened,
        chosen=chosen,
        recorded=recorded,
        removal=CLASS_REMOVAL,
        events=_events,
        view=ClassActionView,
    )


def _events(question: Question, record: dict, asked, hook, session: str | None) -> Iterator[dict]:
    yield from question.events(class_explanation(record), asked, hook, tuned_model(session, record))
