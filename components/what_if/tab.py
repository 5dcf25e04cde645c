"""The What-if section on a generated answer: remove words by hand, see what they do together, explain a part,
try another answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr

from components.generation.run import explain_here
from components.generation.tab import QUIET, GenerationTab
from components.page.controls import Controls, all_controls, read_values
from components.runner import show
from components.sharing.tab import LinkedView, SharedTab
from components.what_if.layout import ABOUT, WhatIfTab, layout
from components.what_if.questions import JOINT, REMOVAL, REWRITE, WHY_NOT
from components.what_if.removed_set import MODEL, wire_question, wire_set, wire_stop
from components.what_if.section import Subject, ask, key, wire_link
from components.what_if.view import (
    ActionView,
    PartView,
    chosen,
    explanation_of,
    method_set,
    opened,
    part_of,
    part_request,
    recorded,
)
from explainers.streams.generation import run

KINDS = ("click", "set", "part", "why")  # runs of one page, each of which another of its kind replaces


def what_if_tab(generation: GenerationTab) -> LinkedView:
    """Lay out the section inside the current Blocks and wire it to the result that the Generation tab
    shows."""
    gr.Markdown(ABOUT, elem_id="what-about")
    here = explain_here(generation.shared, "what")
    with gr.Column() as body:
        tab = layout()
    generation.shared.follow(lambda record: {body: gr.update(visible=record is not None)}, [body])
    section, subject = tab.section, _subject(generation.shared)
    wire_set(section, subject)
    for name, question in (("rewrite", REWRITE), ("joint", JOINT)):
        wire_question(section, subject, [section.buttons[name].click], "set", question, section.removed)
    why = [section.buttons["why"].click, tab.other.submit]
    wire_question(section, subject, why, "why", WHY_NOT, tab.other)
    _wire_part(tab, generation)
    wire_stop(section, subject, *KINDS)
    return wire_link(section, subject, "what-if", here.outputs(), here.restore)


def _subject(tab: SharedTab) -> Subject:
    return Subject(
        runs="",
        tab=tab,
        text="prompt",
        explanation=explanation_of,
        start=method_set,
        opened=opened,
        chosen=lambda record, *settings: chosen(explanation_of(record), *settings),
        recorded=lambda record, removed: recorded(explanation_of(record), removed),
        removal=REMOVAL,
        events=lambda question, record, asked, hook, _: question.events(explanation_of(record), asked, hook),
        view=ActionView,
    )


def _wire_part(tab: WhatIfTab, generation: GenerationTab) -> None:
    """A part of the answer, by the method and k that are chosen on the Generation tab."""
    section, record = tab.section, generation.record
    button, views = section.buttons["part"], list(section.views.values())
    none = {tab.part: [], button: gr.update(interactive=False)}
    generation.shared.follow(lambda record: none, [tab.part, button])
    section.views["answer"].select(_choose_part, record, [tab.part, button], queue=False, **QUIET)
    asked = button.click(ask("part"), None, section.views["status"], queue=False, **QUIET)
    method = [generation.inputs["method"], generation.inputs["k"], *all_controls(generation.options)]
    explain = _explain_part(tab, generation.options)
    asked.then(explain, [record, tab.part, *method], views, **MODEL, trigger_mode="multiple")


def _choose_part(record: dict, event: gr.SelectData) -> tuple:
    """A part of the answer is chosen: its [first, last] token, and whether it can be explained."""
    found = part_of(explanation_of(record), event.index)
    return event.index if found else [], gr.update(interactive=bool(found))


def _explain_part(tab: WhatIfTab, options: dict[str, Controls]) -> Callable:
    def handle(request: gr.Request, record: dict, ends: list[int], *values) -> Iterator[dict]:
        explanation = explanation_of(record)
        method, own = read_values(["method", "k"], options, values)
        part, text = part_of(explanation, ends) or ([0, 0], "")

        def stream(hook):
            settings = method | {"options": own[method["method"]]}
            return run(part_request(explanation, part, **settings), hook)

        for shown in show(key(request, "part"), stream, PartView(explanation, text)):
            yield tab.section.updates(shown)

    return handle
