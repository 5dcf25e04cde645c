"""The views that are one call each: what their values hold, and the script that fills them."""

from __future__ import annotations

import gradio as gr

from components.page.view import view
from explainers.reports.answer_diff import diff_words

NO_CURVES = "The curves appear here: how the class's probability follows the scores."
NO_LENS = "Press Layer lens to see what the MLM head would read after every layer."


def status_line(elem_id: str) -> gr.HTML:
    """Words and a progress bar. An error is an alert and keeps its whole text.

    value: {"state": idle, queued, running, done, stopped or error, "text": str, "fraction": 0 to 1 or None
    when unknown, "eta": seconds left or None}, and as needed "details", sentences to read on demand.
    """
    idle = {"state": "idle", "text": "", "fraction": None, "eta": None}
    return view("pieces/status_line", elem_id, "Status", idle)


def rendered_prompt(elem_id: str) -> gr.HTML:
    """A fold with the whole prompt as the model reads it. value: {"pieces": [{"kind", "text"}]}, kind being
    mark, template, system or text."""
    return view("pieces/rendered_prompt", elem_id, "What the model reads", {"pieces": []})


def token_strip(elem_id: str, label: str = "The prompt, word by word") -> gr.HTML:
    """A strip of spans, read by hover, focus, arrow keys, Home and End.

    value: {"text", "spans": [{"text", "start", "end", "score": float or None, "removed": bool}]}, offsets in
    code points of `text`; and, as needed, "legend" (what the number means, a sentence), "unit" ("nats"),
    "granularity" ("word"), "neutral" (score without colour, 0 if absent), "limit" (distance from it of full
    colour; the largest if absent) or "limits" ([lowest, highest]), "size" ("small" or "large"), "selected"
    (indices), "selectable" (bool), "empty" (shown before there is a text). When selectable, a click or Enter
    raises `.select`, whose gr.SelectData holds the index and the text of the span. "before" and
    "after": template pieces around the text, {"kind": "template" or "mask", "text"}. A span or a piece may
    have "lines", more sentences to read of it.
    """
    return view("pieces/token_strip", elem_id, label, {"text": "", "spans": []})


def response_strip(elem_id: str) -> gr.HTML:
    """Tokens read by hover, focus, arrow keys, Home and End.

    value: {"text", "spans": [{"text", "start", "end", "score": nats lost or None, "lines": [str]}], "limit":
    nats of full colour, "legend": str}, offsets in code points. A part is chosen by a click, by selecting
    text, by Enter, or with Shift and the arrow keys, and dropped with Escape. That raises `.select`: its
    gr.SelectData has the [first, last] token as index, [] where none is chosen, and the text as value.
    """
    label, empty = "The answer, by how much each token lost", {"text": "", "spans": [], "limit": 1}
    return view("pieces/response_strip", elem_id, label, empty)


def method_strips(elem_id: str) -> gr.HTML:
    """A strip for each method, added as it comes.

    value: {"about": a sentence above the strips, "text", "label", "spans": [{"start", "end"}], "rows":
    [{"method", "title", "scores": a number per span, "neutral", "limits", "facts": [[name, text]], "highest":
    what the colours show in words, "error": why there are no scores}]}; rows are only ever added to a text.
    """
    return view("pieces/method_strips", elem_id, "All methods", {"rows": []})


def class_bars(elem_id: str) -> gr.HTML:
    """A button for each class. A click or Enter raises `.select`, whose gr.SelectData holds index and name.

    value: {"labels": [{"label", "probability", "text" (the probability in words), "words" (label words in
    use)}], "label": the class explained, "predicted": the likeliest}.
    """
    return view("pieces/class_bars", elem_id, "Classes", {"labels": []})


def class_change(elem_id: str) -> gr.HTML:
    """Two bars per class. Its chart: `classes_chart`."""
    empty = "The probability of each class appears here."
    return charts(elem_id, "Classes, with and without these words", empty)


def charts(elem_id: str, label: str, empty: str) -> gr.HTML:
    """One chart or several side by side, each with a line that reads it, a summary and a table of its values.

    value: {"charts": [what the modules of explainers/reports/figures return], "empty": the sentence where
    there is none, and as needed "sentences", shown above them}. The text of `.cap` is a chart's summary.
    """
    return view("pieces/charts", elem_id, label, {"charts": [], "empty": empty})


def convergence_plot(elem_id: str) -> gr.HTML:
    """The search while it runs. Its chart: `convergence_chart`."""
    empty = "The search appears here while it runs: one point per step, lower where the missing words matter."
    return charts(elem_id, "The search", empty)


def faithfulness_plot(elem_id: str) -> gr.HTML:
    """Activation and pruning. Its charts: `faithfulness_chart` of both."""
    return charts(elem_id, "Faithfulness", NO_CURVES)


def layer_lens_view(elem_id: str) -> gr.HTML:
    """Layers × tokens. Its chart: `lens_chart`."""
    return charts(elem_id, "Layer lens", NO_LENS)


def result_view(elem_id: str) -> gr.HTML:
    """The sentence and its facts. value: what `result_sentence` returns; {} hides it. "go_on": the words of a
    button below them, where there is one. A click on it raises `.select`."""
    return view("pieces/result_sentence", elem_id, "Result", {})


def metric_table(elem_id: str) -> gr.HTML:
    """A table of measures. value: what `metric_rows` returns."""
    return view("pieces/metric_table", elem_id, "Measures", {"rows": []})


def output_diff(elem_id: str) -> gr.HTML:
    """Two panels of text. value: what `diff_words` returns; {} shows both as waiting. "waiting": words
    to show in the place of an answer not yet written, where they are others than the usual ones."""
    return view("pieces/output_diff", elem_id, "Answers", diff_words(None, None))
