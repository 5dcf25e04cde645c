"""The set of removed words of a What-if section: clicks change it, and each set is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr

from components.page.progress import status
from components.page.views import AT_ONCE, IN_LINE, QUIET, Updates
from components.runner import RUNNER, show, stopper
from components.what_if.questions import AWAITED, Question, explained
from components.what_if.section import Section
from components.what_if.subject import Subject
from components.what_if.view import method_set, of_link, toggled

# Queued, or Gradio would not tell that `removed` changed; one by one, so that no click is lost.
SEVERAL = QUIET | {"concurrency_id": "choice", "concurrency_limit": 1, "trigger_mode": "multiple"}


def wire_set(section: Section, subject: Subject) -> None:
    """All that hangs on the set, but for questions: opening a result or a link, clicks, measuring."""
    record, views = subject.tab.record, list(section.views.values())
    inputs, outputs = [record, section.removed], [*views, section.removed]
    new = subject.tab.follow(_open(section, subject), outputs)
    remembered = section.remembered
    new.then(_recall(section, subject), [record, remembered], [*outputs, remembered], **SEVERAL)
    section.views["strip"].select(_toggle(section, subject), inputs, outputs, **SEVERAL)
    for name, choose in (("restore", lambda explanation: []), ("method", method_set)):
        section.buttons[name].click(_remove(section, subject, choose), record, outputs, **SEVERAL)
    measuring = IN_LINE | {"trigger_mode": "always_last"}
    section.removed.change(measure(section, subject), inputs, views, **measuring)


def wire_question(
    section: Section,
    subject: Subject,
    events: list,
    kind: str,
    question: Question,
    asked: gr.components.Component,
) -> None:
    """Put a question to the model at these events. kind: of its run, which the next of the kind replaces.
    asked: holds the set of removed words, or another answer."""
    answer, inputs = _answering(section, subject, kind, question), [subject.tab.record, asked]
    gr.on(events, answer, inputs, list(section.views.values()), **IN_LINE)


def wire_stop(section: Section, subject: Subject, *kinds: str) -> None:
    """Let Stop end the section's runs of these kinds."""
    section.buttons["stop"].click(stopper(*map(subject.slot, kinds)), **AT_ONCE)


def _answering(section: Section, subject: Subject, kind: str, question: Question) -> Callable:
    """The handler that puts a question to the model: a record and what is asked of it → updates."""

    def handle(record: dict | None, asked, request: gr.Request) -> Iterator[Updates]:
        if not record:  # it was taken away meanwhile
            return
        explanation = subject.explanation(record)
        view = subject.view(explanation, question.failed(explanation))
        work = subject.work(question, record, asked, request.session_hash)
        for values in show(request, subject.slot(kind), work, view):
            yield section.views.updates(values)

    return handle


def _open(section: Section, subject: Subject) -> Callable:
    """Another result is shown on the tab, or none."""

    def handle(record: dict | None) -> Updates:
        if not record:
            return {}
        removed = subject.start(subject.explanation(record))
        return section.views.updates(subject.opened(record)) | {section.removed: removed}

    return handle


def _recall(section: Section, subject: Subject) -> Callable:
    """The set of the link that was opened is removed in the result that came of it."""

    def handle(record: dict | None, inputs: dict | None, request: gr.Request) -> Updates:
        if record is None or inputs is None:
            return {section.remembered: inputs}
        removed, note = of_link(subject.explanation(record), inputs, subject.text)
        return _changed(section, subject, record, removed, request, note) | {section.remembered: None}

    return handle


def _toggle(section: Section, subject: Subject) -> Callable:
    """A click on a word removes it or puts it back."""

    def handle(record: dict | None, removed: list[int], event: gr.SelectData, request: gr.Request) -> Updates:
        spans = len(subject.explanation(record)["spans"]) if record else 0
        return _changed(section, subject, record, toggled(removed, event.index, spans), request)

    return handle


def _remove(section: Section, subject: Subject, choose: Callable[[dict], list[int]]) -> Callable:
    """A button removes a set of its own. choose: explanation → removed."""

    def handle(record: dict | None, request: gr.Request) -> Updates:
        removed = choose(subject.explanation(record)) if record else []
        return _changed(section, subject, record, removed, request)

    return handle


def _changed(
    section: Section,
    subject: Subject,
    record: dict | None,
    removed: list[int],
    request: gr.Request,
    note: str = "",
) -> Updates:
    """Updates at once; what was asked of the earlier set is ended. note: on the set, in words."""
    RUNNER.dismiss(request.session_hash, subject.slot("set"))
    if not record:  # it was taken away meanwhile
        return gr.skip()
    waiting = {"status": status("running", subject.removal.text)}
    shown = subject.chosen(record, removed, note) | (subject.recorded(record, removed) or waiting)
    return section.views.updates(shown) | {section.removed: removed}


def measure(section: Section, subject: Subject) -> Callable:
    """What the set does, by the record where that tells it, else by the model."""
    ask_model = _answering(section, subject, "click", subject.removal)

    def handle(record: dict | None, removed: list[int], request: gr.Request) -> Iterator[Updates]:
        if record and (known := subject.recorded(record, removed)):
            yield section.views.updates(known)
            return
        with AWAITED.waits(explained(subject.explanation(record)) if record else "", removed):
            yield from ask_model(record, removed, request)

    return handle
