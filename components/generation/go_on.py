"""Going on with a proof that a Stop or the budget cut short. What was tried is known, and costs nothing."""

from __future__ import annotations

import gradio as gr

from components.generation.run import explain_on
from components.page.views import AT_ONCE, Updates
from components.sharing.records import inputs_of, needed
from components.sharing.tab import SharedTab
from explainers.reports.record import explanation_of


def go_on_button() -> gr.Button:
    """Lay it out; it is shown while the result has a proof to go on with."""
    return gr.Button("Check the rest", visible=False, size="sm", elem_id="check-rest")


def wire_go_on(tab: SharedTab, button: gr.Button) -> gr.events.Dependency:
    """Run the inputs of the shown result again, with the options that its proof needs. Returns the event of
    the run."""

    def fill(request: gr.Request, record: dict | None, *values) -> Updates:
        record = needed(record)
        inputs = inputs_of(record)
        inputs["options"] = inputs["options"] | (options_of(record) or {})
        asked = inputs_of(record | {"inputs": inputs})  # checked, for a record may come from a file
        return tab.fill(asked, request.session_hash, tab.read(values)) | {button: gr.update(visible=False)}

    def show(record: dict | None) -> Updates:
        return {button: gr.update(visible=options_of(record) is not None)}

    tab.follow(show, [button])
    filled = button.click(fill, [tab.record, *tab.controls()], [*tab.controls(), button], **AT_ONCE)
    return explain_on(tab, filled.then)


def options_of(record: dict | None) -> dict[str, int] | None:
    """Those with which a run goes on with the record's proof; None where there is none to go on with."""
    unproved = explanation_of(record).get("unproved") if record else None
    return unproved["options"] if unproved else None
