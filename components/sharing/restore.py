"""Opening a link: its inputs are filled in and its tab is chosen; nothing is computed before Run."""

from __future__ import annotations

import logging

import gradio as gr
from gradio.blocks import Block

from components.page.progress import status
from components.page.views import AT_ONCE, Updates
from components.sharing.links import read_link
from components.sharing.tab import LinkedView, SharedTab

log = logging.getLogger("maskwise")

RESTORED = "Restored from a link. Press Run."
MOST_NOTICES, LONGEST_NOTICE = 3, 160


def restore_links(demo: gr.Blocks, tabs: gr.Tabs, shared: list[SharedTab], linked: list[LinkedView]) -> None:
    """Fill in what the address of a page that opens asks for. The runs wait for it, so that none begins on
    other values than the link's."""
    runs = [run for views in (shared, linked) for view in views for run in view.runs]
    for run in runs:
        run.interactive = False

    def restore(request: gr.Request) -> Updates:
        ready: Updates = {run: gr.update(interactive=True) for run in runs}
        try:
            link = read_link(dict(request.query_params))
            return ready | (_opened(link, tabs, shared, linked, request) if link else {})
        except Exception:  # whatever is wrong with a link, the page must be usable
            log.exception("a link could not be opened")
            return ready

    demo.load(restore, None, [*_outputs(tabs, shared, linked), *runs], **AT_ONCE)


def _opened(
    link: dict, tabs: gr.Tabs, shared: list[SharedTab], linked: list[LinkedView], request: gr.Request
) -> Updates:
    name, inputs, left_out = link["tab"], link["inputs"], notices(link["ignored"])
    view = next((view for view in linked if view.name == name), None)
    tab = view.tab if view else next((tab for tab in shared if tab.name == name), shared[0])
    updates: Updates = {tabs: gr.Tabs(selected=view.top if view else name)} if name else {}
    if inputs.keys() & tab.inputs.keys():
        updates |= _filled(tab, inputs, restored(inputs, left_out), request)
    elif not view:
        updates |= {tab.views["status"]: status("idle", restored(inputs, left_out))}
    return updates | (view.restore(inputs, left_out) if view else {})


def _outputs(tabs: gr.Tabs, shared: list[SharedTab], linked: list[LinkedView]) -> list:
    outputs: list[Block] = [tabs]
    for tab in shared:
        outputs += [tab.record, *tab.views.values(), *tab.controls()]
        # Only those: Gradio takes any update of a state on a tab not yet opened for a change of it.
        outputs += [output for show in tab.followers for output in show(None)]
    outputs += [output for view in linked for output in view.outputs]
    return list(dict.fromkeys(outputs))


def _filled(tab: SharedTab, inputs: dict, said: str, request: gr.Request) -> Updates:
    """The tab with these inputs and without a result. Its followers are told here: outside the queue, which
    may be full, Gradio tells nobody that the record changed."""
    updates = {tab.record: None} | tab.views.updates(tab.empty(said)) | tab.fill(inputs, request.session_hash)
    for show in tab.followers:
        updates |= show(None)
    return updates


def restored(inputs: dict, left_out: list[str], said: str = RESTORED) -> str:
    """What a page says of a link. left_out: sentences of `notices`."""
    return " ".join([said] * bool(inputs) + left_out)


def notices(ignored: list[str]) -> list[str]:
    """What a link asked for that cannot be, in a few short sentences."""
    shown = [f"Left out: {text[:LONGEST_NOTICE]}" for text in ignored[:MOST_NOTICES]]
    more = len(ignored) - len(shown)
    return [*shown, f"And {more} more."] if more > 0 else shown
