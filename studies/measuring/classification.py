"""Rows of one labelled text: each method's scores, held against the curves of activation and pruning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from explainers.core.errors import MaskwiseError
from explainers.measures.faithfulness import activation_curve, pruning_curve
from explainers.models.loaded import LoadedModel
from explainers.streams.classification import choose_label, explain
from explainers.streams.requests.classification import ClassificationRequest
from explainers.targets.label import LabelTarget
from explainers.targets.whole_words import label_target
from explainers.text.tasks import find_task
from explainers.text.templates import render_cloze
from explainers.verbalizers import Verbalizer as ClassVerbalizer
from explainers.verbalizers.build import VerbalizerInputs, build_verbalizer
from studies.data import training_items
from studies.measuring.tuning import shots_of, tune_whole
from studies.progress import say
from studies.study import ClassificationStudy, DataSet
from studies.units import Unit, method_seed

LEARNED = ("prototypical", "soft")
MOST_KEPT = 2  # tuned models that stay in memory

Prepared = tuple[LoadedModel, ClassVerbalizer]


class Subjects:
    """The tuned model and the verbalizer of each data set, condition and seed; the latest ones are kept."""

    def __init__(self, study: ClassificationStudy, loaded: LoadedModel):
        self.study, self._loaded = study, loaded
        self._kept: dict[tuple, Prepared] = {}

    def of(self, unit: Unit) -> Prepared:
        key = unit.data, unit.condition, unit.seed
        if key not in self._kept:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._prepare(unit)
        return self._kept[key]

    def _prepare(self, unit: Unit) -> Prepared:
        study, data = self.study, data_of(self.study, unit)
        template, chosen = condition_of(study, unit)
        task = find_task(data.task)
        items = training_items(data) if study.learns(chosen) else []
        shots = shots_of(items, len(task.labels), study.tuning.shots, unit.seed) if items else ([], [])
        examples = {label: [text for text, c in shots[0] if c == n] for n, label in enumerate(task.labels)}
        inputs = VerbalizerInputs(
            loaded=self._loaded,
            task=task,
            template=template,
            label_words=task.label_words(chosen.words),
            given={},
            examples=examples if items else {},
            seed=unit.seed,
        )
        if study.tuning.weights == "whole":
            say(
                f"Tuning the model for {data.name}, {chosen.title()}, template {template!r}, seed {unit.seed}"
            )
            # One that is learned reads what a model gives that was tuned by the words it starts from.
            words = build_verbalizer("manual" if chosen.name in LEARNED else chosen.name, inputs)
            tuned = tune_whole(self._loaded, template, words, shots, study.tuning, unit.seed)
            inputs = replace(inputs, loaded=tuned)
        return inputs.loaded, build_verbalizer(chosen.name, inputs)


def data_of(study: ClassificationStudy, unit: Unit) -> DataSet:
    (data,) = (data for data in study.data if data.name == unit.data)
    return data


def condition_of(study: ClassificationStudy, unit: Unit):
    """The template's text and the verbalizer of a unit."""
    number, verbalizer = study.conditions()[unit.condition]
    return find_task(data_of(study, unit).task).templates[number], verbalizer


def classification_rows(
    study: ClassificationStudy, unit: Unit, subjects: Subjects
) -> Iterator[dict[str, Any]]:
    """A row per method. A method that refuses gives a row that says why, and so does each where the text
    cannot be explained at all."""
    loaded, verbalizer = subjects.of(unit)
    try:
        requests = {method: _request(study, unit, method) for method in study.methods}
        target = _target(study, unit, loaded, verbalizer)
    except MaskwiseError as error:
        yield from ({"method": method, "refused": str(error)} for method in study.methods)
        return
    for method, request in requests.items():
        row = {"method": method, "k": request.settings().k, "request": json.dumps(asdict(request))}
        try:
            yield row | _explained(request, target.with_operator(study.mask_operator), unit)
        except MaskwiseError as error:
            yield row | {"refused": str(error)}


def _target(study, unit: Unit, loaded: LoadedModel, verbalizer: ClassVerbalizer) -> LabelTarget:
    template, _ = condition_of(study, unit)
    counts = verbalizer.mask_counts
    clozes = [
        render_cloze(loaded, template, unit.item.text, study.granularity, masks=masks, room_for=counts[-1])
        for masks in counts
    ]
    return label_target(loaded, clozes, verbalizer, 0, study.mask_operator)


def _request(study: ClassificationStudy, unit: Unit, method: str) -> ClassificationRequest:
    data = data_of(study, unit)
    template, verbalizer = condition_of(study, unit)
    settings = {
        "granularity": study.granularity,
        "mask_operator": study.mask_operator,
        "words_per_class": verbalizer.words,
    }
    return ClassificationRequest(
        text=unit.item.text,
        task=data.task,
        model=study.model,
        method=method,
        template=template,
        verbalizer=verbalizer.name,
        seed=method_seed(unit),
        options=settings | study.options.get(method, {}),
    )


def _explained(request: ClassificationRequest, target: LabelTarget, unit: Unit) -> dict[str, Any]:
    """The row of the predicted class, with the measures of the published code beside ours."""
    *_, event = explain(request, target, choose_label(request, target))
    assert event["type"] == "explanation"
    scores = [span["score"] for span in event["spans"]]
    true = activation_curve(target, scores, unit.item.label)
    pruning = pruning_curve(target, scores)
    return {
        "explanation": json.dumps(event),
        "activation": event["activation"]["score"],
        "activation_true": true.score,
        "pruning": pruning.score,
        "pruning_logits": pruning_curve(target, scores, values="logits").score,
        "correct": float(target.label_index == unit.item.label),
        "seconds": event["seconds"],
        "forward_passes": float(event["forward_passes"]),
        "activation_curve": list(true.values),
        "pruning_curve": list(pruning.values),
    }
