"""The outputs of a tab by name, and how its events are wired."""

from __future__ import annotations

from typing import Any

import gradio as gr

Values = dict[str, Any]  # values of views by their names
Updates = dict[gr.blocks.Block, Any]  # by component, as Gradio takes them

# Nothing is drawn over the outputs, and none is told how an event goes: for that Gradio's page copies all
# that an output holds, several times an event.
QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "api_visibility": "private"}
AT_ONCE = QUIET | {"queue": False}  # what only reads and fills in
# What runs in the line: all go into it at once, and it says whose turn comes.
IN_LINE = QUIET | {"concurrency_limit": None, "trigger_mode": "multiple"}
# Answered each time. Of all that hang on one event, one alone may answer the last time only ("always_last",
# as a `change` does where nothing is said): Gradio's page sends the event again for each that was at work,
# and of two it never comes to an end.
EACH_TIME: dict[str, Any] = AT_ONCE | {"trigger_mode": "multiple"}


class Views(dict[str, gr.HTML]):
    """Views by name; the one called "status" says how a run goes."""

    def updates(self, values: Values) -> Updates:
        return {self[name]: value for name, value in values.items()}

    def fill(self, values: Values) -> None:
        """What the views show when the page opens."""
        for name, value in values.items():
            self[name].value = value

    def shown(self) -> Values:
        """What they show when the page opens."""
        return {name: view.value for name, view in self.items()}
