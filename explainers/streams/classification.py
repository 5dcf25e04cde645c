"""Explain a classification from text to result, as a stream of plain JSON events.

Every caller (the page, the API, Python) reads this one stream: `status`, `prediction`, `prompt`, `step`,
where the method goes on to prove what it found `shown`, and last `explanation`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import field, fields
from typing import Annotated, Any

from annotated_types import MaxLen
from pydantic import BeforeValidator

from explainers.core.base import EXPLAINERS, Explainer, explainers_for, read_options
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.requests import AllowedText, Seed, allowed, between, one_of, request
from explainers.core.types import OnForward, Task
from explainers.measures.faithfulness import (
    ORDERS,
    VALUES,
    activation_curve,
    pruning_curve,
)
from explainers.measures.flatness import flat_notes, tie_notes
from explainers.models import held
from explainers.models.copies.full_precision import in_fp32
from explainers.models.loaded import LoadedModel
from explainers.streams.checks import MethodRun, run_method, uninterrupted
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
from explainers.targets.base import MaskOperator
from explainers.targets.label import LabelTarget
from explainers.targets.whole_words import label_target
from explainers.text.spans import Granularity
from explainers.text.tasks import TASKS, ClassificationTask, find_task
from explainers.text.templates import MAX_TEMPLATE_CHARS, render_cloze, split_template
from explainers.verbalizers.build import VERBALIZERS, VerbalizerInputs, build_verbalizer
from explainers.verbalizers.words import MAX_LABEL_CHARS, LabelWords, find_label, read_label_words

MAX_NAME_CHARS, MAX_WORDS_PER_CLASS = 1_000, 30
MAX_EXAMPLES, MAX_EXAMPLE_CHARS = 200, 2000


def _check_examples(examples):
    """The examples as lists; raises MaskwiseError unless they are texts by class."""
    if not isinstance(examples, dict):
        raise MaskwiseError('examples must be an object of classes and texts, such as {"sports": ["…"]}.')
    for texts in examples.values():
        if not isinstance(texts, list | tuple) or not texts or not all(map(_is_example, texts)):
            raise MaskwiseError(
                f"examples must hold, for each class, a list of texts of 1 to {MAX_EXAMPLE_CHARS} characters."
            )
    return {label: list(texts) for label, texts in examples.items()}


def _is_example(text) -> bool:
    return isinstance(text, str) and bool(text.strip()) and len(text) <= MAX_EXAMPLE_CHARS


@request
class Settings:
    """granularity: what a span is. k: how many spans a search removes, at most. mask_operator: what a removed
    span becomes while the method runs (both curves always use the unknown token). words_per_class: of the
    task's own label words, 1 to 30. examples: class → labelled texts, for the verbalizers that learn from
    some; the task's own where empty. pruning_order, pruning_values: as in `pruning_curve`.
    """

    granularity: Annotated[str, one_of(lambda: Granularity)] = "token"
    mask_operator: Annotated[str, one_of(lambda: MaskOperator)] = "replace"
    k: Annotated[int, allowed(lambda here: here.k)] = 3
    words_per_class: Annotated[int, between(1, MAX_WORDS_PER_CLASS)] = 1
    examples: Annotated[dict[str, list[str]], BeforeValidator(_check_examples)] = field(default_factory=dict)
    pruning_order: Annotated[str, one_of(lambda: ORDERS)] = "absolute"
    pruning_values: Annotated[str, one_of(lambda: VALUES)] = "probabilities"

    @classmethod
    def names(cls) -> set[str]:
        return {f.name for f in fields(cls)}

    def check_examples(self, labels: list[str]) -> None:
        """Raise MaskwiseError unless each of the classes has examples, or none are given."""
        if not self.examples:
            return
        if sorted(self.examples) != sorted(labels):
            raise MaskwiseError(f"examples must hold texts of each class: {', '.join(labels)}.")
        if sum(map(len, self.examples.values())) > MAX_EXAMPLES:
            raise MaskwiseError(f"examples are limited to {MAX_EXAMPLES} texts in all. Leave some out.")


def read_settings(options: dict) -> Settings:
    """Those of the options that are settings, checked; raises MaskwiseError."""
    return Settings(**{name: options[name] for name in Settings.names() if name in options})


@request
class ClassificationRequest:
    """What to explain and how; the names are those of the API. Raises MaskwiseError where it cannot be.

    template, label_words: "" and {} for the task's own; label_words of some classes replace theirs alone.
    label: "" for the predicted class. options: those of the method, and those of Settings.
    """

    text: AllowedText
    task: Annotated[str, one_of(lambda: TASKS)] = "ag_news"
    model: Annotated[str, MaxLen(MAX_NAME_CHARS)] = ""
    method: Annotated[str, one_of(lambda: explainers_for(Task.CLASSIFICATION))] = "prompt_explainer"
    template: Annotated[str, MaxLen(MAX_TEMPLATE_CHARS)] = ""
    label_words: dict[str, Any] = field(default_factory=dict)
    label: Annotated[str, MaxLen(MAX_LABEL_CHARS)] = ""
    verbalizer: Annotated[str, one_of(lambda: VERBALIZERS)] = "manual"
    seed: Seed = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        split_template(self.used_template())
        labels = list(self.words())
        self.settings().check_examples(labels)
        self.explainer(spans=1)
        if self.label:
            find_label(self.label, labels)

    def used_template(self) -> str:
        return self.template.strip() or find_task(self.task).templates[0]

    def settings(self) -> Settings:
        return read_settings(self.options)

    def explainer(self, spans: int) -> Explainer:
        """The method with its options, for a text of that many spans."""
        method = EXPLAINERS[self.method]
        own = {name: value for name, value in self.options.items() if name not in Settings.names()}
        return method(read_options(method, own, min(self.settings().k, spans), self.seed))

    def words(self) -> LabelWords:
        """The classes and their words: the task's, with those given in their place."""
        task = find_task(self.task)
        own = task.label_words(self.settings().words_per_class)
        if not own:
            return read_label_words(self.label_words)
        given = {find_label(label, list(own)): words for label, words in self.label_words.items()}
        return read_label_words(own | given)


def run(
    request: ClassificationRequest, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> Iterator[ClassificationEvent]:
    """Events of one request, the last an `explanation` (its fields are those of the API).

    on_forward is called with the number of sequences before each pass through the model. Where it raises
    Stopped, a search that has begun ends with the best mask so far. loaded: a model in place of the
    request's.
    """
    target = yield from build_target(request, on_forward, loaded)
    predicted = choose_label(request, target)
    yield predicted
    yield from explain(request, target, predicted)


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
    request: ClassificationRequest, target: LabelTarget, predicted: PredictionEvent
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
            yield {**_result(request, target, predicted, event), "type": "explanation"}
        else:
            yield {**_result(request, target, predicted, event), "type": "shown"}


def _result(
    request: ClassificationRequest, target: LabelTarget, predicted: PredictionEvent, found: MethodRun
) -> ClassificationResult:
    with uninterrupted(target):
        activation, pruning = curves(target, found.explanation.scores, request.settings())
    log_prob_masked = target.log_prob_of(found.explanation.mask)
    return {
        "rendered": predicted["rendered"],
        "pieces": predicted["pieces"],
        "labels": predicted["labels"],
        "predicted": predicted["predicted"],
        "label": predicted["label"],
        "notes": predicted["notes"],
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
