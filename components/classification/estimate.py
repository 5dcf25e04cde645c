"""About how long a run and all methods take, by what earlier ones took on this machine."""

from __future__ import annotations

import gradio as gr
from gradio.context import Context

from components.classification.controls import READ_AS_EDITED
from components.classification.works import all_methods_work, run_work
from components.line.work import Work
from components.page.controls import read_values
from components.page.progress import duration
from components.page.views import AT_ONCE
from components.runner import LINE
from components.sharing.kept import keeping
from components.sharing.tab import SharedTab


def estimate(settings: dict, options: dict[str, dict]) -> str:
    """A sentence; empty before the first run. options: by method."""
    run = _seconds(run_work(None, settings, options[settings["method"]]))
    if not run:
        return ""
    every = _seconds(all_methods_work(None, settings, options))
    more = f", all methods about {duration(every)}" if every else ""
    return f"A run takes about {duration(run)}{more}, as the last ones did on this machine."


def _seconds(work: Work) -> float | None:
    return LINE.expected(work.pace, work.size) if work.question else None


def show_estimate(tab: SharedTab, line: gr.Markdown, reading: gr.events.Dependency) -> None:
    """Keep the line true while settings change and runs end; the page keeps the settings. reading: what the
    edits of texts begin.

    It follows the reading, not those edits, which the reading answers last of all: see `EACH_TIME`.
    """

    def read(*values) -> dict:
        said = estimate(*read_values(list(tab.inputs), tab.options, values))
        return gr.update(value=said, visible=bool(said))

    edited = [tab.inputs[name] for name in READ_AS_EDITED]
    settings = [each.change for each in tab.controls() if each not in edited]  # type: ignore[attr-defined]
    page = Context.root_block
    assert page, "a tab is made within a page"
    gr.on(
        [page.load, tab.record.change, *settings], read, tab.controls(), line, js=keeping(tab), **AT_ONCE,
        trigger_mode="always_last",
    )  # fmt: skip
    reading.then(read, tab.controls(), line, js=keeping(tab), **AT_ONCE)
