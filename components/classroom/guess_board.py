"""The words of a round, to be marked by click or keyboard; the marks are kept by the page itself."""

from __future__ import annotations

import gradio as gr

from components.page.view import view


def guess_board(elem_id: str) -> gr.HTML:
    """Large words and a counter, "2 of 3 marked".

    value: as a token_strip's, with "question", "k", "unit" ("word") and "best", the indices of the best set,
    None until it may be shown. "selected" are the marks: the page changes them while "selectable", at most k
    of them, and an event that takes this view as input reads them there (untrusted). "then": what to do once
    all are marked.
    """
    empty = {"text": "", "spans": [], "empty": "Choose a round and press Start."}
    return view("classroom/guess_board", elem_id, "Predict", empty)


def guess_reveal(elem_id: str) -> gr.HTML:
    """The model's answer and, once revealed, the score and a row per set. value: of `GuessView.reveal`."""
    return view("classroom/guess_reveal", elem_id, "Reveal", {})


def guess_tally(elem_id: str) -> gr.HTML:
    """Scores of the sitting. value: {"rows": what `tally_rows` returns}."""
    return view("classroom/guess_tally", elem_id, "Tally of this sitting", {"rows": []})
