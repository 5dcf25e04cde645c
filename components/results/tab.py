"""The Results tab: studies that were run, their tables and figures, and any explanation behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from components.classification.tab import replay as replay_classification
from components.generation.tab import replay as replay_generation
from components.page.progress import status
from components.page.view import view
from components.page.views import AT_ONCE, Updates, Views
from components.pieces.views import (
    charts,
    faithfulness_plot,
    metric_table,
    output_diff,
    result_view,
    status_line,
    token_strip,
)
from components.results.folder import Choice, events_of, explanations, open_study, prompts, readable, studies
from explainers.core.errors import MaskwiseError
from studies.results.report import Report
from studies.results.tables import FOOTNOTE

EMPTY = "Choose a study."
NO_FIGURES = "This study has no figures."
NONE = "The results folder holds no study yet: python -m studies writes into it."


@dataclass(frozen=True)
class ResultsTab:
    """study, prompt, explanation: menus, each of which follows the one before. views: by name."""

    study: gr.Dropdown
    prompt: gr.Dropdown
    explanation: gr.Dropdown
    views: Views


def results_tab() -> None:
    """Lay out the tab inside the current Blocks and wire it."""
    names = studies()
    study = gr.Dropdown(names, value=None, label="Study", elem_id="results-study")
    line = status_line("results-status")
    tables = view("results/tables", "results-tables", "Tables", {"tables": [], "empty": EMPTY})
    figures = charts("results-figures", "Figures", NO_FIGURES)
    with gr.Row(elem_classes="mw-tight"):
        prompt = gr.Dropdown([], label="Prompt", elem_id="results-prompt", min_width=320)
        explanation = gr.Dropdown([], label="Explanation", elem_id="results-explanation", min_width=320)
    views = Views(
        status=line,
        tables=tables,
        figures=figures,
        result=result_view("results-result"),
        strip=token_strip("results-strip", "The text, word by word"),
        plot=faithfulness_plot("results-plot"),
        diff=output_diff("results-diff"),
        metrics=metric_table("results-metrics"),
    )
    views.fill({"status": status("idle", EMPTY if names else NONE)})
    _wire(ResultsTab(study, prompt, explanation, views))


def _wire(tab: ResultsTab) -> None:
    def on(menu: gr.Dropdown, act: Callable[..., Updates]) -> None:
        """Whatever is wrong with the folder becomes a sentence, and what is shown stays."""

        def told(*values: str) -> Updates:
            try:
                with readable(values[0]):
                    return act(tab, *values)
            except MaskwiseError as error:
                return {tab.views["status"]: status("error", str(error))}

        inputs = [tab.study] if menu is tab.study else [tab.study, menu]
        menu.input(told, inputs, [tab.prompt, tab.explanation, *tab.views.values()], **AT_ONCE)

    tab.study.focus(lambda: gr.Dropdown(choices=studies()), None, tab.study, **AT_ONCE)
    on(tab.study, _opened)
    on(tab.prompt, _chosen)
    on(tab.explanation, lambda tab, name, row: _shown(tab, open_study(name), row))


def _opened(tab: ResultsTab, name: str) -> Updates:
    """A study's tables and figures, and its first explanation."""
    report = open_study(name)
    shown = {
        "tables": {"tables": [vars(table) for table in report.tables()], "note": FOOTNOTE},
        "figures": {"charts": list(report.charts().values()), "empty": NO_FIGURES},
    }
    found = prompts(report)
    updates = tab.views.updates(shown) | {tab.prompt: _menu(found)}
    return updates | (_explained(tab, report, found[0].value) if found else {})


def _chosen(tab: ResultsTab, name: str, prompt: str) -> Updates:
    return _explained(tab, open_study(name), prompt)


def _explained(tab: ResultsTab, report: Report, prompt: str) -> Updates:
    found = explanations(report, prompt)
    updates: Updates = {tab.explanation: _menu(found)}
    return updates | (_shown(tab, report, found[0].value) if found else {})


def _shown(tab: ResultsTab, report: Report, row: str) -> Updates:
    """The explanation of a row, as the tab of its task shows it."""
    of_classes = report.study.task == "classification"
    replayed = (replay_classification if of_classes else replay_generation)(events_of(report, row))
    values = replayed.values()
    values["result"].pop("go_on", None)  # nothing is run here
    names = ("result", "strip", "plot") if of_classes else ("result", "strip", "diff", "metrics")
    updates = tab.views.updates({"status": values["status"]} | {name: values[name] for name in names})
    hidden = {"plot", "diff", "metrics"} - set(names)
    return (
        updates
        | {tab.views[name]: gr.update(visible=False) for name in hidden}
        | {tab.views[name]: gr.update(value=values[name], visible=True) for name in names if name != "result"}
    )


def _menu(found: list[Choice]) -> gr.Dropdown:
    choices = [(choice.shown, choice.value) for choice in found]
    return gr.Dropdown(choices=choices, value=found[0].value if found else None)
