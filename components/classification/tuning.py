"""Tuning the model on the labelled texts of the Classification tab, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import gradio as gr

from components.classification.controls import ClassificationPanel
from components.classification.filling import uploaded
from components.classification.run import run_inputs
from components.classification.tuned_models import BATCH
from components.classification.works import TUNED_MODELS, classification_request
from components.line.work import Work
from components.page.models_menu import TUNED, model_choices
from components.page.stream_view import StreamView
from components.page.views import IN_LINE, Updates, Values
from explainers.core.types import Task
from explainers.streams.events.shared import Event

MODELS = [("Tuned on a few texts", TUNED)]


def tune_on(panel: ClassificationPanel) -> None:
    """Tune the model on the labelled texts, or apply a saved tuning."""
    inputs, outputs = list(panel.inputs.values()), [panel.status, panel.inputs["model"], panel.saved]

    def tune(request: gr.Request, *values) -> Iterator[Updates]:
        yield from _learn(panel, request, values, TUNED_MODELS.tune)

    def apply(request: gr.Request, file: str | None, *values) -> Iterator[Updates]:
        yield from _learn(panel, request, values, partial(TUNED_MODELS.read, uploaded(file)))

    panel.tune.click(tune, inputs, outputs, **IN_LINE)
    panel.adapter.upload(apply, [panel.adapter, *inputs], outputs, **IN_LINE)


def _learn(
    panel: ClassificationPanel, request: gr.Request, values: Sequence, how: Callable[..., Iterator[Event]]
) -> Iterator[Updates]:
    """values: of the panel's inputs. how: takes the session, the request and on_forward."""
    settings, session = dict(zip(panel.inputs, values, strict=True)), request.session_hash
    menu = [*MODELS, *model_choices(Task.CLASSIFICATION)]
    work = Work(
        lambda hook: how(session, classification_request(settings, {}), hook),
        kind="tuning",
        model="" if settings["model"] == TUNED else settings["model"],
        task=Task.CLASSIFICATION,
    )
    for shown in run_inputs(request, settings, work, TuningView()):
        updates: Updates = {panel.status: shown["status"]} if "status" in shown else {}
        if file := shown.get("file"):
            updates[panel.inputs["model"]] = gr.update(choices=menu, value=TUNED)
            updates[panel.saved] = gr.update(value=file, visible=True)
        yield updates


@dataclass
class TuningView(StreamView):
    """The status line of a tuning, and at its end the "file" of what was learnt."""

    first_loss: float | None = None
    loss: float | None = None
    file: str | None = None

    def values(self, passes_done: int = 0) -> Values:
        return super().values(passes_done) | ({"file": self.file} if self.file else {})

    def on_tuned(self, event: dict) -> None:
        self.file = event["file"]
        losses = "" if self.loss is None else f": loss {self.first_loss:.2f} → {self.loss:.2f} nats"
        self.progress.end("done", f"{event['text']}{losses}. The tuned model is chosen; press Run to use it.")

    def on_tuning(self, event: dict) -> None:
        if self.first_loss is None:
            self.first_loss = event["loss"]
            self.progress.measure("", BATCH * event["total"])
        step, total, self.loss = event["step"], event["total"], event["loss"]
        self.progress.step(step, total)
        self.progress.text = f"Tuning: step {step} of {total}, loss {self.loss:.2f} nats"
