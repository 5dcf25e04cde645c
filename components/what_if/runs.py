"""Runs of the What-if tab: each kind is asked for and ended alone, whatever runs on the other tabs."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from components.runner import RUNS
from components.what_if.view import status


def key(request: gr.Request, kind: str) -> str:
    """The name under which the page's run of this kind can be stopped."""
    return f"{request.session_hash} {kind}"


def ask(kind: str) -> Callable:
    """Handler of a button: the status line until the model is free."""

    def handle(request: gr.Request) -> dict:
        RUNS.ask(key(request, kind))
        return status("queued", "Waiting for the model")

    return handle


def end(request: gr.Request, *kinds: str) -> None:
    for kind in kinds:
        RUNS.stop(key(request, kind))
