"""What the sections of the What-if tab have in common: their parts and their link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from components.page.views import AT_ONCE, Updates, Values, Views
from components.pieces.views import charts, result_view, status_line, token_strip
from components.sharing.copy_link import copy_link, wire_copy_link
from components.sharing.records import inputs_of, needed
from components.sharing.tab import IDLE_SECONDS, LinkedView
from components.what_if.subject import Subject
from components.what_if.values import JOINT_EMPTY


@dataclass(frozen=True)
class Section:
    """A section of the What-if tab; views and buttons by name.

    removed: indices of the spans that are removed; whatever writes it, their effect is measured anew.
    link: copies a link. remembered: inputs of the link that was opened, until there is a result, else None.
    """

    views: Views
    buttons: dict[str, gr.Button]
    removed: gr.State
    link: gr.HTML
    remembered: gr.State


class Parts:
    """Lays out views and buttons one after the other; their ids begin with `prefix`."""

    def __init__(self, prefix: str):
        self.prefix, self.views = prefix, Views()
        self.buttons: dict[str, gr.Button] = {}

    def button(self, name: str, text: str, **settings) -> None:
        self.buttons[name] = gr.Button(
            text, size="md", min_width=70, elem_id=f"{self.prefix}-{name}", **settings
        )

    def status(self) -> None:
        """The status line beside Stop."""
        with gr.Row(elem_classes="mw-tight what-if-status"):
            with gr.Column(scale=8, min_width=120):
                self.views["status"] = status_line(f"{self.prefix}-status")
            self.button("stop", "Stop", scale=0)

    def words(self, title: str, method: str) -> None:
        """The words to choose from and what is found without them. method: text of the button that removes
        the method's own."""
        self.views["strip"] = token_strip(f"{self.prefix}-strip", title)
        with gr.Row(elem_classes="mw-tight"):
            self.button("restore", "Restore all")
            self.button("method", method)
        self.views["result"] = result_view(f"{self.prefix}-result")

    def joint(self) -> None:
        self.button("joint", "Do they work together?")
        self.views["joint"] = charts(f"{self.prefix}-joint-effect", "Together and one by one", JOINT_EMPTY)

    def copy_link(self) -> None:
        self.link = copy_link(f"{self.prefix}-link", "Copy link to these removed words")

    def section(self, values: Values, removed: list[int]) -> Section:
        """All that was laid out, showing these values by the names of views."""
        self.views.fill(values)
        states = [gr.State(value, time_to_live=IDLE_SECONDS) for value in (removed, None)]
        return Section(self.views, self.buttons, states[0], self.link, states[1])


def wire_link(
    section: Section, subject: Subject, name: str, said: list, say: Callable[[dict, list[str]], Updates]
) -> LinkedView:
    """Let the button copy a link of this name. say: as LinkedView.restore, updates of `said`."""

    def read(record: dict | None, removed: list[int]) -> dict:
        return inputs_of(needed(record)) | {"removed": removed}

    def restore(inputs: dict, left_out: list[str]) -> Updates:
        return say(inputs, left_out) | {section.remembered: inputs if "removed" in inputs else None}

    wire_copy_link(section.link, name, read, [subject.tab.record, section.removed])
    section.removed.change(lambda: {}, None, section.link, **AT_ONCE)
    return LinkedView(name, "what-if", subject.tab, [*said, section.remembered], restore)
