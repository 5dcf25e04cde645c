"""Run on a tab that waits for the Generation tab's result, as after a link was opened."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from components.generation_run import explain_on
from components.runner import stop
from components.sharing.restore import RESTORED, restored
from components.sharing.tab import QUIET, SharedTab, Updates
from components.status_line import status_line

SAID = f"{RESTORED} It explains the prompt of the Generation tab, with the settings there."


@dataclass(frozen=True)
class RunHere:
    """A row with a status line, Run and Stop, shown while the Generation tab has no result."""

    row: gr.Row
    status: gr.HTML

    def outputs(self) -> list:
        return [self.row, self.status]

    def restore(self, inputs: dict, left_out: list[str]) -> Updates:
        """As LinkedView.restore; the row is shown, for there is something to say."""
        return {self.row: gr.update(visible=True), self.status: _idle(restored(inputs, left_out, SAID))}


def run_here(tab: SharedTab, elem_id: str) -> RunHere:
    """Lay out the row inside the current Blocks and wire it. tab: the Generation tab's."""
    with gr.Row(visible=False, elem_id=f"{elem_id}-here", elem_classes="mw-tight mw-run-here") as row:
        with gr.Column(scale=8, min_width=120):
            status = status_line(f"{elem_id}-run-status")
        run = gr.Button("Run", variant="primary", scale=0, min_width=70, elem_id=f"{elem_id}-run")
        stop_button = gr.Button("Stop", scale=0, min_width=70, elem_id=f"{elem_id}-run-stop")
    status.value = _idle(SAID)
    ran = explain_on([run.click], tab, status)
    tab.bar.upload(None, cancels=[ran], **QUIET)
    stop_button.click(stop, **QUIET)
    tab.follow(lambda record: {row: gr.update(visible=record is None)}, [row])
    return RunHere(row, status)


def _idle(text: str) -> dict:
    return {"state": "idle", "text": text, "fraction": None, "eta": None}
