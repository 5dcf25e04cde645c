"""The runs of the Compare tab: methods side by side, ratio over k, convergence over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import gradio as gr

from components.compare.charts import ConvergenceView, SweepView
from components.compare.controls import METHODS, MOST_ITERATIONS, MOST_K, MOST_SEEDS
from components.line.pace import size_of
from components.line.results import question_of
from components.line.work import Work
from components.page.controls import read_values
from components.page.views import IN_LINE, Updates
from components.runner import show
from components.sharing.tab import SharedTab
from explainers.core.types import Task
from explainers.streams.comparison import compare, planned
from explainers.streams.events.shared import Event
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.sweep import convergence, sweep


def compare_on(tab: SharedTab, button: gr.Button) -> gr.events.Dependency:
    """Compare the methods at a click."""

    def handle(request: gr.Request, *values) -> Iterator[Updates]:
        settings, _ = read_values(list(tab.inputs), {}, values)
        view, work = tab.view(settings), methods_work(settings)
        for shown in show(request, tab.name, work, view, settings):
            yield tab.changed(shown, view.record(), settings)

    outputs = [*tab.views.values(), tab.record]
    return button.click(handle, list(tab.inputs.values()), outputs, **IN_LINE)


def sweep_on(tab: SharedTab, button: gr.Button, most: gr.Slider) -> gr.events.Dependency:
    """Draw the probability ratio over k at a click."""

    def handle(request: gr.Request, largest: int, *values) -> Iterator[Updates]:
        settings, _ = read_values(list(tab.inputs), {}, values)
        titles = {name: METHODS[name].title for name in settings["methods"] if name in METHODS}
        view, bound = SweepView(settings, titles=titles, most=largest), min(largest, MOST_K)
        work = comparison_work(settings, "sweep", sweep, bound)
        for shown in show(request, tab.name, work, view):
            yield tab.views.updates(shown)

    return button.click(handle, [most, *tab.inputs.values()], list(tab.views.values()), **IN_LINE)


def converge_on(
    tab: SharedTab, button: gr.Button, seeds: gr.Slider, iterations: gr.Slider
) -> gr.events.Dependency:
    """Draw the convergence of the searches over seeds at a click."""

    def handle(request: gr.Request, runs: int, steps: int, *values) -> Iterator[Updates]:
        settings, _ = read_values(list(tab.inputs), {}, values)
        bounds = min(runs, MOST_SEEDS), min(steps, MOST_ITERATIONS)
        work = comparison_work(settings, "convergence", convergence, *bounds)
        for shown in show(request, tab.name, work, ConvergenceView(settings)):
            yield tab.views.updates(shown)

    inputs = [seeds, iterations, *tab.inputs.values()]
    return button.click(handle, inputs, list(tab.views.values()), **IN_LINE)


def methods_work(settings: dict) -> Work:
    """Compare the methods."""

    def tokens() -> int:
        return sum(part["tokens"] for part in planned(ComparisonRequest(**settings)))

    return replace(comparison_work(settings, "comparison", compare), size=size_of(tokens))


def comparison_work(settings: dict, kind: str, stream: Callable[..., Iterator[Event]], *bounds: int) -> Work:
    """One of the streams of comparisons on the page's inputs."""

    def request() -> ComparisonRequest:
        return ComparisonRequest(**settings)

    question = question_of(kind, request, *bounds)
    return Work(
        lambda hook: stream(request(), *bounds, hook),
        kind,
        settings["model"],
        Task.GENERATION,
        question=question,
    )
