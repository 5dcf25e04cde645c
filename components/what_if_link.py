"""A link from the What-if tab: what made the result there, and the words removed from it by hand."""

from __future__ import annotations

from components.run_here import RunHere
from components.sharing.copy_link import wire_copy_link
from components.sharing.records import inputs_of, needed
from components.sharing.tab import QUIET, LinkedView, SharedTab, Updates
from components.what_if_layout import WhatIfTab


def wire_link(tab: WhatIfTab, generation: SharedTab, here: RunHere) -> LinkedView:
    """Let the button copy a link. here: the row that says what a link restored."""

    def read(record: dict | None, removed: list[int]) -> dict:
        return inputs_of(needed(record)) | {"removed": removed}

    def restore(inputs: dict, left_out: list[str]) -> Updates:
        return here.restore(inputs, left_out) | {tab.remembered: inputs if "removed" in inputs else None}

    wire_copy_link(tab.link, "what-if", read, [generation.record, tab.removed])
    tab.removed.change(lambda: {}, None, tab.link, **QUIET)
    return LinkedView("what-if", "what-if", generation, [*here.outputs(), tab.remembered], restore)
