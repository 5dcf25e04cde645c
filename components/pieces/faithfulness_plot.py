"""Activation and pruning curves of one method, or of all of them."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def faithfulness_plot(elem_id: str, label: str = "Faithfulness") -> gr.HTML:
    """Two charts, read by pointer or arrow keys; the legend's buttons make one method's lines stand out.

    value: {"curves": [{"method", "title", "activation": curve, "pruning": curve}], "notes": {"activation",
    "pruning": what the chart's numbers are}, "empty": what stands there without curves}; a curve is
    {"fractions", "values", "score"} with eleven points.
    """
    return view("faithfulness_plot", elem_id, label, {"curves": []}, shared=("chart",))
