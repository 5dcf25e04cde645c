"""About how much work a run is, and how long it takes by what earlier ones took on this machine."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr

from components.page.progress import duration
from components.page.views import AT_ONCE
from components.runner import LINE
from components.sharing.tab import SharedTab
from explainers.core.errors import MaskwiseError
from explainers.streams.generation import GenerationRequest

KIND = "generation"
WRITTEN = 25  # tokens of a mask are read while one of an answer is written


def tokens_to_read(request: Callable[[], GenerationRequest]) -> float:
    """About how many tokens the masks of a run have until it shows its result, with those that are written
    taken as WRITTEN: the size of its work. 1 where the request cannot be, which the run itself will say."""
    try:
        asked = request()
    except MaskwiseError:
        return 1.0
    return _size(asked)


def estimate(settings: dict) -> str:
    """A sentence on a run of these settings; empty where they cannot be run, as the run itself will say."""
    try:
        asked = GenerationRequest(**settings)
    except MaskwiseError:
        return ""
    seconds = LINE.expected(KIND, _size(asked))
    if seconds:
        return f"A run takes about {duration(seconds)}, as the last ones did on this machine."
    count = f"{_passes(asked):,} pass" + "es" * (_passes(asked) != 1)
    return f"A run takes about {count} through the model; how long that takes is known after the first."


def _size(request: GenerationRequest) -> float:
    answers = 1 if request.response.strip() else 2
    written = answers * request.max_new_tokens * WRITTEN
    return written + _passes(request) * (_words(request) + request.max_new_tokens)


def _passes(request: GenerationRequest) -> int:
    return request.explainer().passes_until_shown(_words(request))


def _words(request: GenerationRequest) -> int:
    return len(request.prompt.split())


def show_estimate(tab: SharedTab, line: gr.Markdown) -> None:
    """Keep the line true while settings change and runs end."""

    def read(record: dict | None, *values) -> dict:
        said = estimate(tab.read(values))
        return gr.update(value=said, visible=bool(said))

    gr.on(None, read, [tab.record, *tab.controls()], line, **AT_ONCE, trigger_mode="always_last")
