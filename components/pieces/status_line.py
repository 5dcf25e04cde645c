"""What the run is doing, in words beside Run: progress, time left, errors."""

from __future__ import annotations

import gradio as gr

from components.page.view import view

STATES = ("idle", "queued", "running", "done", "stopped", "error")


def status_line(elem_id: str) -> gr.HTML:
    """Words and a progress bar. An error is an alert and keeps its whole text.

    value: {"state": one of STATES, "text": str, "fraction": 0 to 1 or None when unknown, "eta": seconds left
    or None}, and as needed "details", sentences to read on demand.
    """
    idle = {"state": "idle", "text": "", "fraction": None, "eta": None}
    return view("status_line", elem_id, "Status", idle)
