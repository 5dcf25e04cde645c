"""About how long a run takes, by what earlier ones took on this machine."""

from __future__ import annotations

import gradio as gr

from components.generation.run import generation_work, passes_until_shown
from components.page.progress import duration
from components.page.views import AT_ONCE
from components.runner import LINE
from components.sharing.kept import keeping
from components.sharing.tab import SharedTab
from explainers.core.errors import MaskwiseError
from explainers.streams.requests.generation import GenerationRequest


def estimate(settings: dict) -> str:
    """A sentence on a run of these settings; empty where they cannot be run, as the run itself will say."""
    try:
        asked = GenerationRequest(**settings)
    except MaskwiseError:
        return ""
    work = generation_work(lambda: asked, asked.model)
    if seconds := LINE.expected(work.pace, work.size):
        if seconds > work.max_seconds:
            took, most = duration(seconds), duration(work.max_seconds)
            return f"A run would take about {took}, and is stopped after {most}. Shorten prompt or answer."
        return f"A run takes about {duration(seconds)}, as the last ones did on this machine."
    passes = passes_until_shown(asked)
    count = f"{passes:,} pass" + "es" * (passes != 1)
    return f"A run takes about {count} through the model; how long that takes is known after the first."


def show_estimate(tab: SharedTab, line: gr.Markdown) -> None:
    """Keep the line true while settings change and runs end; the page keeps the settings."""

    def read(record: dict | None, *values) -> dict:
        said = estimate(tab.read(values))
        return gr.update(value=said, visible=bool(said))

    gr.on(
        None, read, [tab.record, *tab.controls()], line, js=keeping(tab), **AT_ONCE,
        trigger_mode="always_last",
    )  # fmt: skip
