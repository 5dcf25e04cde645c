"""Opening a link: its inputs are filled in and its tab is chosen; nothing is computed before Run."""

from __future__ import annotations

import gradio as gr

from components.sharing.links import read_link
from components.sharing.share_bar import QUIET
from components.sharing.tab import SharedTab

RESTORED = "Restored from a link. Press Run."
MOST_NOTICES, LONGEST_NOTICE = 3, 160


def restore_links(demo: gr.Blocks, tabs: gr.Tabs, shared: list[SharedTab]) -> None:
    """Fill in what the address of a page that opens asks for."""
    outputs = [tabs]
    for tab in shared:
        outputs += [tab.bar, *tab.views, *tab.controls()]

    def restore(request: gr.Request) -> list:
        link = read_link(dict(request.query_params))
        if not link:
            return [gr.skip()] * len(outputs)
        updates = [gr.Tabs(selected=link["tab"]) if link["tab"] else gr.skip()]
        named = next((tab for tab in shared if tab.name == link["tab"]), shared[0])
        for tab in shared:
            updates += _updates(tab, link, request) if tab is named else _untouched(tab)
        return updates

    demo.load(restore, None, outputs, **QUIET)


def _updates(tab: SharedTab, link: dict, request: gr.Request) -> list:
    """Of the bar, the views and the controls of the tab that the link names."""
    filled = bool(link["inputs"])
    said = " ".join([RESTORED] * filled + notices(link["ignored"]))
    if not filled:
        status = tab.empty(said)[0] if said else gr.skip()
        return [gr.skip(), status, *[gr.skip()] * (len(tab.views) - 1 + len(tab.controls()))]
    controls = tab.fill(link["inputs"], request.session_hash)
    return [{"waiting": True}, *tab.empty(said), *controls]


def _untouched(tab: SharedTab) -> list:
    return [gr.skip()] * (1 + len(tab.views) + len(tab.controls()))


def notices(ignored: list[str]) -> list[str]:
    """What a link asked for that cannot be, in a few short sentences."""
    shown = [f"Left out: {text[:LONGEST_NOTICE]}" for text in ignored[:MOST_NOTICES]]
    more = len(ignored) - len(shown)
    return [*shown, f"And {more} more."] if more > 0 else shown
