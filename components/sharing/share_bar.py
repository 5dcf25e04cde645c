"""One row under a result: copy a link, save it as JSON, CSV or HTML, load one, show its code."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from components.page.view import view
from components.page.views import AT_ONCE, QUIET, Updates, Values
from components.sharing.code import python_lines
from components.sharing.copy_link import answer, wire_copy_link
from components.sharing.downloads import comparison_csv, explanation_csv, file_name, record_json
from components.sharing.record_checks import damaged
from components.sharing.records import inputs_of, needed, read_record
from components.sharing.tab import SharedTab
from explainers.core.errors import MaskwiseError
from explainers.reports.comparison_report import comparison_html
from explainers.reports.html_report import explanation_html

TYPES = {"json": "application/json", "csv": "text/csv", "html": "text/html"}
EXPLANATION = {"json": record_json, "csv": explanation_csv, "html": explanation_html}
COMPARISON = {"json": record_json, "csv": comparison_csv, "html": comparison_html}
FILES = {"generation": EXPLANATION, "classification": EXPLANATION, "compare": COMPARISON}
BROKEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)  # of a file that was changed


def share_bar(elem_id: str) -> gr.HTML:
    """The buttons. Each raises an event that carries its number `n`; the answer has the same.

    value: {"n"} and one of "query" (of a link, to be copied), "file" ({"name", "type", "text"}, to be saved),
    "code" (to be shown), "said" (words) or "error" (words); {} puts all this away. Events: `copy`, `download`
    with the `kind` of file, `upload` with the `text` of one, `select` for the code.
    """
    return view("sharing/share_bar", elem_id, "Keep and share", {})


def wire_share_bar(tab: SharedTab, running: list) -> None:
    """Let the buttons work. running: events of the tab's runs, which a loaded file ends."""
    wire_copy_link(tab.bar, tab.name, lambda *values: tab.read(values), tab.controls())
    tab.bar.download(answer(_file), tab.record, tab.bar, **AT_ONCE)
    tab.bar.select(answer(_code), tab.record, tab.bar, **AT_ONCE)
    shown = [tab.bar, tab.record, *tab.views.values(), *tab.controls()]
    # Queued, or Gradio would not tell the views of other tabs that the record changed.
    tab.bar.upload(_loader(tab), tab.controls(), shown, cancels=running, concurrency_limit=None, **QUIET)
    tab.record.change(lambda: {}, None, tab.bar, **AT_ONCE)


def _file(event: gr.EventData, record: dict | None) -> dict:
    record = needed(record)
    kind, text = TYPES[event.kind], FILES[record["tab"]][event.kind](record)
    return {"file": {"name": file_name(record, event.kind), "type": kind, "text": text}}


def _code(event: gr.EventData, record: dict | None) -> dict:
    return {"code": python_lines(needed(record))}


def _loader(tab: SharedTab) -> Callable:
    """The handler of Load: everything that is shown comes from the file, nothing is computed."""

    def load(event: gr.EventData, request: gr.Request, *values) -> Updates:
        try:
            record = read_record(event.text, tab.name)
            views = _shown(tab, record)
        except MaskwiseError as error:
            return {tab.bar: {"n": event.n, "error": str(error)}}
        updates = {tab.bar: {"n": event.n, "said": "Loaded."}, tab.record: record} | tab.views.updates(views)
        return updates | tab.fill(inputs_of(record), request.session_hash, tab.read(values))

    return load


def _shown(tab: SharedTab, record: dict) -> Values:
    try:
        for use in (inputs_of, python_lines, *FILES[tab.name].values()):  # all that may be asked for later
            use(record)
        return tab.show(record["events"], "Loaded from a file.")
    except BROKEN as error:
        raise damaged("values") from error
