"""The search as it runs: log p of the best mask so far, proposals, and accepted swaps."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def convergence_plot(elem_id: str, label: str = "The search") -> gr.HTML:
    """A line plot over iterations that grows with its value, read by pointer or arrow keys.

    value: {"y": log p of the best after each iteration, "proposals": log p of each proposal, "accepted":
    [bool], "unmasked": log p of the whole prompt or None, "total": iterations planned, "unit": "nats"}; the
    first entry of each list belongs to iteration 1. "empty" replaces the sentence shown while y is empty.
    The text of `.cap` ends each drawing: "iteration 40 of 100: log p −52.31 (unmasked −20.10)".
    """
    empty = {"y": [], "proposals": [], "accepted": []}
    return view("convergence_plot", elem_id, label, empty, shared=("chart", "search_curve"))
