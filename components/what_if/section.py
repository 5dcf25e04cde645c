"""What the sections of the What-if tab have in common: their parts, and in what they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import gradio as gr

from components.pieces.joint_effect import joint_effect_view
from components.pieces.result_sentence import result_view
from components.pieces.status_line import status_line
from components.pieces.token_strip import token_strip
from components.sharing.copy_link import copy_link
from components.sharing.tab import SharedTab
from components.what_if.questions import Question
from components.what_if.values import Values
from components.what_if.view import ActionView


@dataclass(frozen=True)
class Section:
    """A section of the What-if tab; views and buttons by name.

    removed: indices of the spans that are removed; whatever writes it, their effect is measured anew.
    link: copies a link. remembered: inputs of the link that was opened, until there is a result, else None.
    """

    views: dict[str, gr.HTML]
    buttons: dict[str, gr.Button]
    removed: gr.State
    link: gr.HTML
    remembered: gr.State

    def updates(self, values: Values) -> dict:
        """Values by the names of views, as Gradio takes them."""
        return {self.views[name]: value for name, value in values.items()}


@dataclass(frozen=True)
class Subject:
    """What a section tests by hand: a generated answer, or a classified text.

    runs: begins the names of its runs. tab: whose record is tested. text: the name of the explained text
    among the tab's inputs. explanation: record → its explanation. start: explanation → the set that is
    removed at first. opened: record → all views. chosen: (record, removed, note) → the views at once
    after a click. recorded: (record, removed) → views, where the record itself tells the effect, else None.
    removal: measures a set. events: (question, record, asked, hook, session) → those of its answer, which an
    object of `view` takes.
    """

    runs: str
    tab: SharedTab
    text: str
    explanation: Callable[[dict], dict]
    start: Callable[[dict], list[int]]
    opened: Callable[[dict], Values]
    chosen: Callable[[dict, Sequence[int], str], Values]
    recorded: Callable[[dict, Sequence[int]], Values | None]
    removal: Question
    events: Callable[..., Iterator[dict]]
    view: type[ActionView]


class Parts:
    """Lays out views and buttons one after the other; their ids begin with `prefix`."""

    def __init__(self, prefix: str):
        self.prefix, self.views, self.buttons = prefix, {}, {}

    def button(self, name: str, text: str, **settings) -> None:
        sizes = {"size": "md", "min_width": 70}
        self.buttons[name] = gr.Button(text, elem_id=f"{self.prefix}-{name}", **sizes, **settings)

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
        self.views["joint"] = joint_effect_view(f"{self.prefix}-joint-effect")

    def copy_link(self) -> None:
        self.link = copy_link(f"{self.prefix}-link", "Copy link to these removed words")

    def section(self, values: Values, removed: list[int]) -> Section:
        """All that was laid out, showing these values by the names of views."""
        for name, value in values.items():
            self.views[name].value = value
        return Section(self.views, self.buttons, gr.State(removed), self.link, gr.State(None))
