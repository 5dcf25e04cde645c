"""Opening an address: a link's inputs are filled in, and nothing is computed before Run; a run that the page
comes back to is shown going on, or its result; what was chosen before a reload is there again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.blocks import Block

from components.line.runs import Run
from components.page.progress import status
from components.page.views import AT_ONCE, IN_LINE, Updates
from components.runner import RUNNER, follow
from components.sharing.kept import SENDING, kept_inputs, kept_tab
from components.sharing.links import read_link
from components.sharing.tab import LinkedView, SharedTab

log = logging.getLogger("maskwise")

COMING_BACK = "Coming back to this run"
GONE = (
    "This run is no longer kept: the server was started anew, or an hour has passed. "
    "Press Run to do it again."
)
RESTORED = "Restored from a link. Press Run."
MOST_NOTICES, LONGEST_NOTICE = 3, 160


def restore_links(demo: gr.Blocks, tabs: gr.Tabs, shared: list[SharedTab], linked: list[LinkedView]) -> None:
    """Fill in what the address of a page that opens asks for. The runs wait for it, so that none begins on
    other values than the link's."""
    runs = [run for views in (shared, linked) for view in views for run in view.runs]
    for run in runs:
        run.interactive = False
    name = gr.State("")  # of the run that the page comes back to
    sent = gr.JSON(visible=False)  # what the page kept from before a reload

    def restore(sent: Any, request: gr.Request) -> Updates:
        ready: Updates = {run: gr.update(interactive=True) for run in runs}
        try:
            query = dict(request.query_params)
            if run := RUNNER.runs.find(query.get("run")):
                ready |= _came_back(run, tabs, shared, request) | {name: query["run"]}
            elif link := read_link(query):
                ready |= _opened(link, tabs, shared, linked, request)
            elif "run" in query:
                ready |= _gone(query["run"], tabs, shared, request)
            return ready | _kept(sent, tabs, shared, request)
        except Exception:  # whatever is wrong with a link, the page must be usable
            log.exception("a link could not be opened")
            return ready

    outputs = [*_outputs(tabs, shared, linked), *runs, name]
    opened = demo.load(restore, sent, outputs, js=SENDING, **AT_ONCE)
    _resume_after(opened, name, shared)


def _resume_after(opened: gr.events.Dependency, name: gr.State, shared: list[SharedTab]) -> None:
    """Show the run of that name, from its beginning."""

    def resume(request: gr.Request, name: str) -> Iterator[Updates]:
        run, reader = RUNNER.runs.find(name), RUNNER.resume(request.session_hash, name)
        if not run or not reader:
            return
        tab = _named(run.tab, shared)
        view = tab.view(run.inputs)
        for shown in follow(reader, view):
            yield tab.changed(shown, view.record(), run.inputs)

    outputs = [output for tab in shared for output in (tab.record, *tab.views.values())]
    opened.then(resume, name, outputs, **IN_LINE)


def _came_back(run: Run, tabs: gr.Tabs, shared: list[SharedTab], request: gr.Request) -> Updates:
    """The inputs of a run, on its tab, which the run then fills."""
    filled = _filled(_named(run.tab, shared), run.inputs, COMING_BACK, request)
    return filled | {tabs: gr.Tabs(selected=run.tab)}


def _gone(run: str, tabs: gr.Tabs, shared: list[SharedTab], request: gr.Request) -> Updates:
    tab = _named(run.partition(".")[0], shared)
    return _filled(tab, {}, GONE, request) | {tabs: gr.Tabs(selected=tab.name)}


def _kept(sent: Any, tabs: gr.Tabs, shared: list[SharedTab], request: gr.Request) -> Updates:
    """The settings and the tab from before a reload."""
    name, updates = kept_tab(sent), Updates()
    if name in [tab.id for tab in tabs.children if isinstance(tab, gr.Tab)]:
        updates[tabs] = gr.Tabs(selected=name)
    for tab in shared:
        if inputs := kept_inputs(tab, sent):
            updates |= tab.fill(inputs, request.session_hash)
    return updates


def _named(name: str, shared: list[SharedTab]) -> SharedTab:
    return next((tab for tab in shared if tab.name == name), shared[0])


def _opened(
    link: dict, tabs: gr.Tabs, shared: list[SharedTab], linked: list[LinkedView], request: gr.Request
) -> Updates:
    name, inputs, left_out = link["tab"], link["inputs"], notices(link["ignored"])
    view = next((view for view in linked if view.name == name), None)
    tab = view.tab if view else _named(name, shared)
    updates: Updates = {tabs: gr.Tabs(selected=view.top if view else name)} if name else {}
    if inputs.keys() & tab.inputs.keys():
        said = f"Restored from a link. Press {tab.runs[0].value}."
        updates |= _filled(tab, inputs, restored(inputs, left_out, said), request)
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
