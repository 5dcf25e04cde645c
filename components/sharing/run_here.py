"""Run on a tab that waits for another tab's result, as after a link was opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from components.page.progress import status
from components.page.views import AT_ONCE, Updates
from components.pieces.views import status_line
from components.runner import stopper
from components.sharing.restore import RESTORED, restored
from components.sharing.tab import SharedTab


@dataclass(frozen=True)
class RunHere:
    """A row with a status line, Run and Stop, shown while the other tab has no result.

    said: what pressing Run does, in words.
    """

    row: gr.Row
    line: gr.HTML
    said: str

    def outputs(self) -> list:
        return [self.row, self.line]

    def restore(self, inputs: dict, left_out: list[str]) -> Updates:
        """As LinkedView.restore; the row is shown, for there is something to say."""
        said = restored(inputs, left_out, f"{RESTORED} {self.said}")
        return {self.row: gr.update(visible=True), self.line: status("idle", said)}


def run_here(
    tab: SharedTab, elem_id: str, explain_on: Callable[..., gr.events.Dependency], explained: str
) -> RunHere:
    """Lay out the row inside the current Blocks and wire it.

    tab: whose result is waited for. explain_on: (what begins it, status line) → the event of its run.
    explained: what that explains, in words.
    """
    said = f"It explains {explained}, with the settings there."
    waiting = status("idle", f"Press Run. {said}")
    with gr.Row(visible=False, elem_id=f"{elem_id}-here", elem_classes="mw-tight mw-run-here") as row:
        with gr.Column(scale=8, min_width=120):
            line = status_line(f"{elem_id}-run-status")
        run = gr.Button("Run", variant="primary", scale=0, min_width=70, elem_id=f"{elem_id}-run")
        stop_button = gr.Button("Stop", scale=0, min_width=70, elem_id=f"{elem_id}-run-stop")
    line.value = waiting
    ran = explain_on(run.click, line)
    tab.bar.upload(None, cancels=[ran], **AT_ONCE)
    stop_button.click(stopper(tab.name), **AT_ONCE)

    def show(record: dict | None) -> Updates:
        return {row: gr.update(visible=record is None)} | ({line: waiting} if record is None else {})

    tab.follow(show, [row, line])
    return RunHere(row, line, said)
