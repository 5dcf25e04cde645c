"""Run on a tab that waits for another tab's result, as after a link was opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from components.pieces.views import status_line
from components.runner import stop
from components.sharing.restore import RESTORED, restored
from components.sharing.tab import QUIET, SharedTab, Updates


@dataclass(frozen=True)
class RunHere:
    """A row with a status line, Run and Stop, shown while the other tab has no result.

    said: what pressing Run does, in words.
    """

    row: gr.Row
    status: gr.HTML
    said: str

    def outputs(self) -> list:
        return [self.row, self.status]

    def restore(self, inputs: dict, left_out: list[str]) -> Updates:
        """As LinkedView.restore; the row is shown, for there is something to say."""
        said = restored(inputs, left_out, f"{RESTORED} {self.said}")
        return {self.row: gr.update(visible=True), self.status: _idle(said)}


def run_here(
    tab: SharedTab, elem_id: str, explain_on: Callable[..., gr.events.Dependency], explained: str
) -> RunHere:
    """Lay out the row inside the current Blocks and wire it.

    tab: whose result is waited for. explain_on: (events, status line) → the event of its run. explained: what
    that explains, in words.
    """
    said = f"It explains {explained}, with the settings there."
    waiting = _idle(f"Press Run. {said}")
    with gr.Row(visible=False, elem_id=f"{elem_id}-here", elem_classes="mw-tight mw-run-here") as row:
        with gr.Column(scale=8, min_width=120):
            status = status_line(f"{elem_id}-run-status")
        run = gr.Button("Run", variant="primary", scale=0, min_width=70, elem_id=f"{elem_id}-run")
        stop_button = gr.Button("Stop", scale=0, min_width=70, elem_id=f"{elem_id}-run-stop")
    status.value = waiting
    ran = explain_on([run.click], status)
    tab.bar.upload(None, cancels=[ran], **QUIET)
    stop_button.click(stop, **QUIET)

    def show(record: dict | None) -> Updates:
        return {row: gr.update(visible=record is None)} | ({status: waiting} if record is None else {})

    tab.follow(show, [row, status])
    return RunHere(row, status, said)


def _idle(text: str) -> dict:
    return {"state": "idle", "text": text, "fraction": None, "eta": None}
