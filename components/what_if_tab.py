"""The What-if tab: remove words by hand, see what they do together, explain a part, try another answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr

from components.controls import Controls, all_controls, read_values
from components.generation_tab import QUIET, GenerationTab
from components.run_here import run_here
from components.runner import show
from components.sharing.tab import LinkedView
from components.what_if_layout import ABOUT, WhatIfTab, layout
from components.what_if_link import wire_link
from components.what_if_questions import JOINT, REMOVAL, REWRITE, WHY_NOT, Question
from components.what_if_runs import ask, end, key
from components.what_if_view import (
    ActionView,
    PartView,
    chosen,
    explanation_of,
    method_set,
    of_link,
    opened,
    part_of,
    part_request,
    recorded,
    status,
    toggled,
)
from explainers.core.generation import run

MODEL = QUIET | {"concurrency_id": "model", "concurrency_limit": 1}
KINDS = ("click", "set", "part", "why")  # runs of one page, each of which another of its kind replaces


def what_if_tab(generation: GenerationTab) -> LinkedView:
    """Lay out the tab inside the current Blocks and wire it to the result that the Generation tab shows."""
    gr.Markdown(ABOUT, elem_id="what-about")
    here = run_here(generation.shared, "what")
    with gr.Column() as body:
        tab = layout()
    generation.shared.follow(lambda record: {body: gr.update(visible=record is not None)}, [body])
    _wire_set(tab, generation)
    _wire_part(tab, generation)
    _wire_why(tab, generation.record)
    tab.buttons["stop"].click(_stop, queue=False, **QUIET)
    return wire_link(tab, generation.shared, here)


def _wire_set(tab: WhatIfTab, generation: GenerationTab) -> None:
    """All that hangs on the set of removed words."""
    record = generation.record
    inputs, views, at_once = [record, tab.removed], list(tab.views.values()), QUIET | {"queue": False}
    outputs = [*views, tab.removed]
    new = generation.shared.follow(_open(tab), [*outputs, tab.part, tab.buttons["part"]])
    # Queued, or Gradio would not tell that `removed` changed; one by one, so that no click is lost.
    several = QUIET | {"concurrency_id": "choice", "concurrency_limit": 1, "trigger_mode": "multiple"}
    new.then(_recall(tab), [record, tab.remembered], [*outputs, tab.remembered], **several)
    tab.views["strip"].select(_toggle(tab), inputs, outputs, **several)
    tab.buttons["restore"].click(_remove(tab, lambda explanation: []), record, outputs, **several)
    tab.buttons["method"].click(_remove(tab, method_set), record, outputs, **several)
    tab.removed.change(_measure(tab), inputs, views, **MODEL, trigger_mode="always_last")
    for name, question in (("rewrite", REWRITE), ("joint", JOINT)):
        asked = tab.buttons[name].click(ask("set"), None, tab.views["status"], **at_once)
        asked.then(_answering(tab, "set", question), inputs, views, **MODEL, trigger_mode="multiple")


def _wire_part(tab: WhatIfTab, generation: GenerationTab) -> None:
    """A part of the answer, by the method and k that are chosen on the Generation tab."""
    button, record = tab.buttons["part"], generation.record
    tab.views["answer"].select(_choose_part, record, [tab.part, button], queue=False, **QUIET)
    asked = button.click(ask("part"), None, tab.views["status"], queue=False, **QUIET)
    method = [generation.inputs["method"], generation.inputs["k"], *all_controls(generation.options)]
    explain, views = _explain_part(tab, generation.options), list(tab.views.values())
    asked.then(explain, [record, tab.part, *method], views, **MODEL, trigger_mode="multiple")


def _wire_why(tab: WhatIfTab, record: gr.State) -> None:
    pressed = [tab.buttons["why"].click, tab.other.submit]
    asked = gr.on(pressed, ask("why"), None, tab.views["status"], queue=False, **QUIET)
    answering, views = _answering(tab, "why", WHY_NOT), list(tab.views.values())
    asked.then(answering, [record, tab.other], views, **MODEL, trigger_mode="multiple")


def _open(tab: WhatIfTab) -> Callable:
    """Another result is shown on the Generation tab."""

    def handle(record: dict | None) -> dict:
        if record is None:
            return {tab.part: []}
        removed, none = method_set(explanation_of(record)), gr.update(interactive=False)
        return tab.updates(opened(record)) | {tab.removed: removed, tab.part: [], tab.buttons["part"]: none}

    return handle


def _recall(tab: WhatIfTab) -> Callable:
    """The set of the link that was opened is removed in the result that came of it."""

    def handle(record: dict | None, inputs: dict | None, request: gr.Request) -> dict:
        if record is None or inputs is None:
            return {tab.remembered: inputs}
        explanation = explanation_of(record)
        return _changed(tab, explanation, *of_link(explanation, inputs), request) | {tab.remembered: None}

    return handle


def _toggle(tab: WhatIfTab) -> Callable:
    """A click on a word removes it or puts it back."""

    def handle(record: dict, removed: list[int], event: gr.SelectData, request: gr.Request) -> dict:
        explanation = explanation_of(record)
        now = toggled(removed, event.index, len(explanation["spans"]))
        return _changed(tab, explanation, now, "", request)

    return handle


def _remove(tab: WhatIfTab, choose: Callable[[dict], list[int]]) -> Callable:
    def handle(record: dict, request: gr.Request) -> dict:
        explanation = explanation_of(record)
        return _changed(tab, explanation, choose(explanation), "", request)

    return handle


def _changed(tab: WhatIfTab, explanation: dict, removed: list[int], note: str, request: gr.Request) -> dict:
    """Updates at once; what was asked of the earlier set is ended. note: on the set, in words."""
    end(request, "set")
    waiting = {"status": status("queued", "Waiting for the model")}
    shown = chosen(explanation, removed, note) | (recorded(explanation, removed) or waiting)
    return tab.updates(shown) | {tab.removed: removed}


def _measure(tab: WhatIfTab) -> Callable:
    """What the answer loses, by the record where that tells it, else by the model."""
    ask_model = _answering(tab, "click", REMOVAL)

    def handle(record: dict, removed: list[int], request: gr.Request) -> Iterator[dict]:
        if known := recorded(explanation_of(record), removed):
            yield tab.updates(known)
        else:
            yield from ask_model(record, removed, request)

    return handle


def _answering(tab: WhatIfTab, kind: str, question: Question) -> Callable:
    """The handler that puts a question to the model: a record and what is asked of it → updates."""

    def handle(record: dict, asked, request: gr.Request) -> Iterator[dict]:
        explanation = explanation_of(record)
        view = ActionView(explanation, question.failed(explanation))
        for values in show(key(request, kind), lambda hook: question.events(explanation, asked, hook), view):
            yield tab.updates(values)

    return handle


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
            yield tab.updates(shown)

    return handle


def _stop(request: gr.Request) -> None:
    end(request, *KINDS)
