"""The What-if section on a generated answer: remove words by hand, see what they do together, explain a part,
try another answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import gradio as gr

from components.generation.run import asked_by, explain_here
from components.generation.tab import GenerationTab
from components.line import results
from components.line.work import Work
from components.page.controls import all_controls, read_values
from components.page.views import AT_ONCE, IN_LINE, Updates, Values
from components.pieces.views import charts, output_diff, response_strip, result_view, token_strip
from components.runner import show
from components.sharing.tab import LinkedView
from components.what_if.questions import (
    JointQuestion,
    Question,
    RemovalQuestion,
    RewriteQuestion,
    WhyNotQuestion,
)
from components.what_if.removed_set import wire_question, wire_set, wire_stop
from components.what_if.section import Parts, Section, wire_link
from components.what_if.subject import Subject
from components.what_if.values import LOSSES_EMPTY
from components.what_if.view import (
    PartView,
    chosen,
    method_set,
    needed_explanation,
    opened,
    part_of,
    part_request,
    recorded,
)
from explainers.core.deployment import deployment
from explainers.core.types import Task
from explainers.streams.generation import run

ABOUT = (
    "Test the result of the Generation tab by hand. Remove words and see at once what the answer loses: "
    "**log p** is the logarithm of the probability that the model gives to its own answer, in nats."
)
KINDS = ("click", "set", "part", "why")  # runs of one page, each of which another of its kind replaces


class GeneratedAnswer(Subject):
    """A generated answer; at first the method's own set is removed."""

    name, text = "what-if", "prompt"
    removal = RemovalQuestion()

    def explanation(self, record: dict) -> dict:
        return needed_explanation(record)

    def start(self, explanation: dict) -> list[int]:
        return method_set(explanation)

    def opened(self, record: dict) -> Values:
        return opened(record)

    def chosen(self, record: dict, removed: Sequence[int], note: str = "") -> Values:
        return chosen(needed_explanation(record), removed, note)

    def recorded(self, record: dict, removed: Sequence[int]) -> Values | None:
        return recorded(needed_explanation(record), removed)

    def work(self, question: Question, record: dict, asked: object, session: str | None) -> Work:
        explanation = needed_explanation(record)
        return Work(
            lambda hook: question.events(explanation, asked, hook),
            question.kind,
            explanation["model"],
            Task.GENERATION,
            short=question.short,
            question=results.question(question.kind, explanation, asked),
        )


def what_if_tab(generation: GenerationTab) -> LinkedView:
    """Lay out the section inside the current Blocks and wire it to the result that the Generation tab
    shows."""
    gr.Markdown(ABOUT, elem_id="what-about")
    here = explain_here(generation.shared, "what")
    with gr.Column() as body:
        section, other = _layout(generation.record.value)
    generation.shared.follow(lambda record: {body: gr.update(visible=record is not None)}, [body])
    subject = GeneratedAnswer(generation.shared)
    wire_set(section, subject)
    for name, question in (("rewrite", RewriteQuestion()), ("joint", JointQuestion())):
        wire_question(section, subject, [section.buttons[name].click], "set", question, section.removed)
    why = [section.buttons["why"].click, other.submit]
    wire_question(section, subject, why, "why", WhyNotQuestion(), other)
    _wire_part(section, subject, generation)
    wire_stop(section, subject, *KINDS)
    return wire_link(section, subject, "what-if", here.outputs(), here.restore)


def _layout(record: dict) -> tuple[Section, gr.Textbox]:
    """The section, showing this record, and the box for another answer."""
    parts = Parts("what")
    parts.status()
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            parts.words("The prompt: choose the words to remove", "Remove the method's set")
            parts.button("rewrite", "Write the answer again")
        with gr.Column(min_width=320):
            parts.views["answer"] = response_strip("what-answer")
            parts.button("part", "Explain this part", interactive=False)
            parts.views["losses"] = charts("what-losses", "What each token lost", LOSSES_EMPTY)
            parts.views["part_result"] = result_view("what-part-result")
            parts.views["part_strip"] = token_strip("what-part-strip", "What this part hangs on")
    parts.views["diff"] = output_diff("what-diff")
    parts.copy_link()
    with gr.Row(elem_classes="mw-tab"):
        with gr.Column(min_width=320):
            parts.joint()
        with gr.Column(min_width=320):
            other = gr.Textbox(
                label="Why not another answer?",
                info="Type what the model might have said instead.",
                max_length=deployment().chars,
                elem_id="what-other",
            )
            parts.button("why", "Why not?")
            parts.views["why_result"] = result_view("what-why-result")
            parts.views["why_strip"] = token_strip("what-why-strip", "Which words speak for which answer")
    return parts.section(opened(record), method_set(needed_explanation(record))), other


def _wire_part(section: Section, subject: Subject, generation: GenerationTab) -> None:
    """A part of the answer, by the method and k that are chosen on the Generation tab."""
    tab, button = generation.shared, section.buttons["part"]
    part = gr.State([])  # its [first, last] token, [] for none
    none: Updates = {part: [], button: gr.update(interactive=False)}
    tab.follow(lambda record: none, [part, button])

    def choose(record: dict, event: gr.SelectData) -> Updates:
        found = part_of(needed_explanation(record), event.index)
        return {part: event.index if found else [], button: gr.update(interactive=bool(found))}

    def explain(request: gr.Request, record: dict, ends: list[int], *values) -> Iterator[Updates]:
        explanation = needed_explanation(record)
        method, options = read_values(["method", "k"], tab.options, values)
        method["options"] = options[method["method"]]
        chars, text = part_of(explanation, ends) or ([0, 0], "")
        request_part = partial(part_request, explanation, chars, **method)
        work = Work(
            lambda hook: run(request_part(), hook, reuse=True),
            "part",
            explanation["model"],
            Task.GENERATION,
            question=results.question_of("generation", lambda: asked_by(request_part())),
        )
        for shown in show(request, subject.slot("part"), work, PartView(explanation, text)):
            yield section.views.updates(shown)

    section.views["answer"].select(choose, tab.record, [part, button], **AT_ONCE)
    method = [tab.inputs["method"], tab.inputs["k"], *all_controls(tab.options)]
    button.click(explain, [tab.record, part, *method], list(section.views.values()), **IN_LINE)
