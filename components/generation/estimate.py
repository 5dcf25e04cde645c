"""About how long a run takes, from what earlier ones took on this machine."""

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


def tokens_to_read(request: Callable[[], GenerationRequest]) -> float:
    """About how many tokens the masks of a run have, taken together: the size of its work. 1 where the
    request cannot be, which the run itself will say."""
    try:
        asked = request()
    except MaskwiseError:
        return 1.0
    words = len(asked.prompt.split())
    return max(1, asked.explainer().passes(words)) * (words + asked.max_new_tokens)


def estimate(settings: dict) -> str:
    """A sentence on a run of these settings; empty before the first run has ended."""
    seconds = LINE.expected(KIND, tokens_to_read(lambda: GenerationRequest(**settings)))
    return f"A run takes about {duration(seconds)}, as the last ones did on this machine." if seconds else ""


def show_estimate(tab: SharedTab, line: gr.Markdown) -> None:
    """Keep the line true while settings change and runs end."""

    def read(record: dict | None, *values) -> dict:
        said = estimate(tab.read(values))
        return gr.update(value=said, visible=bool(said))

    gr.on(None, read, [tab.record, *tab.controls()], line, **AT_ONCE, trigger_mode="always_last")
