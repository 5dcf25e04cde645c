"""A link from a What-if section: what made the result there, and the words removed from it by hand."""

from __future__ import annotations

from collections.abc import Callable

from components.sharing.copy_link import wire_copy_link
from components.sharing.records import inputs_of, needed
from components.sharing.tab import QUIET, LinkedView, Updates
from components.what_if.section import Section, Subject


def wire_link(
    section: Section, subject: Subject, name: str, said: list, say: Callable[[dict, list[str]], Updates]
) -> LinkedView:
    """Let the button copy a link of this name. say: as LinkedView.restore, updates of `said`."""

    def read(record: dict | None, removed: list[int]) -> dict:
        return inputs_of(needed(record)) | {"removed": removed}

    def restore(inputs: dict, left_out: list[str]) -> Updates:
        return say(inputs, left_out) | {section.remembered: inputs if "removed" in inputs else None}

    wire_copy_link(section.link, name, read, [subject.tab.record, section.removed])
    section.removed.change(lambda: {}, None, section.link, **QUIET)
    return LinkedView(name, "what-if", subject.tab, [*said, section.remembered], restore)
