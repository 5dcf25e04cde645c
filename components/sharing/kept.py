"""What was typed and chosen outlives a reload: the page keeps the values of each tab's controls as they
change, and sends them as it opens again; see assets/page/kept.js."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from components.page.scripts import ADDRESS
from components.sharing.links import read_inputs, write_inputs
from components.sharing.tab import SharedTab

# Of the event that opens the page: sends what the page kept.
SENDING = f'async () => [(await import(new URL("{ADDRESS}/page/kept.js", document.baseURI))).kept()]'


def keeping(tab: SharedTab) -> str:
    """The script of an event whose last inputs are the tab's controls: the page keeps their values."""
    kept = f'["{tab.name}", "{_mark(tab)}", ...sent.slice(-{len(tab.controls())})]'
    return f'(...sent) => (dispatchEvent(new CustomEvent("mw-settings", {{detail: {kept}}})), sent)'


def kept_inputs(tab: SharedTab, sent: Any) -> dict:
    """The tab's inputs, as of a link; {} without any. sent: what a page kept, which may be anything."""
    settings = sent.get("settings") if isinstance(sent, dict) else None
    values = settings.get(tab.name) if isinstance(settings, dict) else None
    if not isinstance(values, list) or values[:1] != [_mark(tab)] or len(values) != 1 + len(tab.controls()):
        return {}
    named = dict(zip(tab.inputs, values[1:], strict=False))
    if not isinstance(named.get("method", ""), str):
        return {}
    return read_inputs(tab.name, write_inputs(tab.name, tab.read(values[1:])))[0]


def kept_tab(sent: Any) -> str:
    """The name of the tab that was open, or what stands in its place."""
    name = sent.get("tab") if isinstance(sent, dict) else ""
    return name if isinstance(name, str) else ""


def _mark(tab: SharedTab) -> str:
    """Of which controls there are: another release may have others."""
    names = [*tab.inputs, *((method, *own) for method, own in tab.options.items())]
    return sha256(repr(names).encode()).hexdigest()[:8]
