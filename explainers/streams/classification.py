"""Explain a classification from text to result, as a stream of plain JSON events.

Every caller (the page, the API, Python) reads this one stream: `status`, `prediction`, `prompt`, `step`,
where the method goes on to prove what it found `shown`, and last `explanation`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from explainers.core.deferred_torch import torch
from explainers.core.types import OnForward, Task
from explainers.measures.faithfulness import activation_curve, pruning_curve
from explainers.measures.flatness import flat_notes, tie_notes
from explainers.models import held
from explainers.models.copies.full_precision import in_fp32
from explainers.models.loaded import LoadedModel
from explainers.streams.events.classification import (
    ClassificationEvent,
    ClassificationExplanation,
    ClassificationResult,
    ClassificationShown,
    Curve,
    PredictionEvent,
)
from explainers.streams.events.shared import PromptEvent, StatusEvent, StepEvent
from explainers.streams.report import curve_values, interacting_sets, provenance, scored_spans, span_values
from explainers.streams.requests.classification import ClassificationRequest, Settings
from explainers.streams.running import MethodRun, run_method, uninterrupted
from explainers.targets.label import LabelTarget
from explainers.targets.whole_words import label_target
from explainers.text.tasks import ClassificationTask, find_task
from explainers.text.templates import render_cloze
from explainers.verbalizers.build import VerbalizerInputs, build_verbalizer
from explainers.verbalizers.words import find_label


def run(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[ClassificationEvent]:
    """Events of one request, the last an `explanation` (its fields are those of the API).

    on_forward is called with the number of sequences before each pass through the model. Where it raises
    Stopped, a search that has begun ends with the best mask so far. loaded: a model in place of the
    request's.
    """
    target = yield from build_target(request, on_forward, loaded)
    prediction = choose_label(request, target)
    yield prediction
    yield from explain(request, target, prediction)


def build_target(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Generator[StatusEvent, None, LabelTarget]:
    """Stream `status` events while the model loads; returns the target.

    loaded: a model in place of the request's, such as one tuned on a person's own texts.
    """
    on_forward = on_forward or (lambda rows: None)
    if not loaded:
        yield {"type": "status", "text": "Loading the model"}
        loaded = held.load_model(request.model, Task.CLASSIFICATION)
    loaded = in_fp32(loaded)
    settings = request.settings()
    to_render = (loaded, request.used_template(), request.text, settings.granularity)
    render_cloze(*to_render)  # which refuses a text that cannot be read before the label words take time
    yield {"type": "status", "text": "Preparing the label words"}
    verbalizer = build_verbalizer(request.verbalizer, _verbalizer_inputs(request, loaded, on_forward))
    counts = verbalizer.mask_counts
    clozes = [render_cloze(*to_render, masks=masks, room_for=counts[-1]) for masks in counts]
    return label_target(loaded, clozes, verbalizer, 0, settings.mask_operator, on_forward)


def choose_label(
    request: ClassificationRequest, target: LabelTarget, probabilities: Sequence[float] = ()
) -> PredictionEvent:
    """Let the target explain the request's class, or else the predicted one; the event that says so.

    probabilities: of the classes, where they are known already.
    """
    if not probabilities:
        (probabilities,) = target.class_log_probs(torch.tensor([target.full_mask()])).exp().tolist()
    labels, cloze = list(target.labels), target.cloze
    predicted = labels[probabilities.index(max(probabilities))]
    label = find_label(request.label, labels) if request.label else predicted
    target.label_index = labels.index(label)
    rows = zip(labels, target.verbalizer.words, probabilities, strict=True)
    return {
        "type": "prediction",
        "rendered": cloze.rendered,
        "pieces": [{"kind": kind, "text": text} for kind, text in cloze.pieces],
        "labels": [{"label": name, "words": list(words), "probability": p} for name, words, p in rows],
        "predicted": predicted,
        "label": label,
        "notes": [*cloze.notes, *target.verbalizer.notes, *tie_notes(labels, probabilities)],
    }


def explain(
    request: ClassificationRequest, target: LabelTarget, prediction: PredictionEvent
) -> Iterator[PromptEvent | StepEvent | ClassificationShown | ClassificationExplanation]:
    """Events of the request's method on the target, the last an `explanation`."""
    explainer = request.explainer(len(target.spans))
    yield {
        "type": "prompt",
        "spans": span_values(target.spans),
        "log_prob": target.log_prob_of(target.full_mask()),
        "passes": explainer.passes(len(target.spans)),
    }
    for event in run_method(explainer, target):
        if not isinstance(event, MethodRun):
            yield event
        elif event.explanation.final:
            yield {**_result(request, target, prediction, event), "type": "explanation"}
        else:
            yield {**_result(request, target, prediction, event), "type": "shown"}


def _result(
    request: ClassificationRequest, target: LabelTarget, prediction: PredictionEvent, found: MethodRun
) -> ClassificationResult:
    with uninterrupted(target):
        activation, pruning = curves(target, found.explanation.scores, request.settings())
    log_prob_masked = target.log_prob_of(found.explanation.mask)
    return {
        "rendered": prediction["rendered"],
        "pieces": prediction["pieces"],
        "labels": prediction["labels"],
        "predicted": prediction["predicted"],
        "label": prediction["label"],
        "notes": prediction["notes"],
        "text": request.text,
        "task": request.task,
        "template": request.used_template(),
        "verbalizer": request.verbalizer,
        "label_words": dict(request.label_words),
        "method": request.method,
        "seed": request.seed,
        "options": dict(request.options),
        **provenance(target, found.explanation),
        "spans": scored_spans(found.explanation),
        "neutral": request.explainer(len(target.spans)).neutral(target),
        "log_prob": target.log_prob_of(target.full_mask()),
        "log_prob_masked": log_prob_masked,
        "activation": activation,
        "pruning": pruning,
        "method_notes": [*found.explanation.notes, *flat_notes(target, log_prob_masked)],
        "seconds": found.explanation.seconds,
        "evaluations": found.explanation.evaluations,
        "forward_passes": found.forward_passes,
        "stopped": found.stopped,
        "interactions": interacting_sets(found.explanation),
    }


def _verbalizer_inputs(
    request: ClassificationRequest, loaded: LoadedModel, on_forward: OnForward
) -> VerbalizerInputs:
    task: ClassificationTask = find_task(request.task)
    return VerbalizerInputs(
        loaded=loaded,
        task=task,
        template=request.used_template(),
        label_words=request.words(),
        given=request.label_words,
        examples=request.settings().examples or task.example_texts(),
        seed=request.seed,
        on_forward=on_forward,
    )


def curves(target: LabelTarget, scores: Sequence[float], settings: Settings) -> tuple[Curve, Curve]:
    """The activation and the pruning curve of a method's scores, T of them."""
    activation = activation_curve(target, scores)
    pruning = pruning_curve(target, scores, settings.pruning_order, settings.pruning_values)
    return curve_values(activation), curve_values(pruning)
