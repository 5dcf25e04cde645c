"""Going on with a proof that a Stop or the budget cut short, from what is shown and known."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from components.generation.run import explained
from components.generation.view import GoOnView
from components.page.views import AT_ONCE, IN_LINE, Updates
from components.sharing.records import inputs_of, needed
from components.sharing.tab import SharedTab
from explainers.reports.record import explanation_of


def wire_go_on(tab: SharedTab, result: gr.HTML) -> gr.events.Dependency:
    """At the button in the result, run its inputs again, with the options that its proof needs. Returns the
    event of the run."""

    def fill(request: gr.Request, record: dict | None, *values) -> Updates:
        record = needed(record)
        inputs = inputs_of(record)
        unproved = explanation_of(record).get("unproved") or {}
        inputs["options"] = inputs["options"] | (unproved.get("options") or {})
        asked = inputs_of(record | {"inputs": inputs})  # checked, for a record may come from a file
        return tab.fill(asked, request.session_hash, tab.read(values))

    def go_on(request: gr.Request, record: dict | None, *values) -> Iterator[Updates]:
        settings = tab.read(values)
        earlier = explanation_of(needed(record))
        view = GoOnView(settings["prompt"], settings["granularity"], earlier=earlier)
        yield from explained(tab, request, settings, view)

    controls = tab.controls()
    filled = result.select(fill, [tab.record, *controls], controls, **AT_ONCE)
    shown = [*tab.views.values(), tab.record]
    return filled.success(go_on, [tab.record, *controls], shown, **IN_LINE)
