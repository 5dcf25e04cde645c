"""The complete result of one explained classification as plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence

from explainers.core.deferred_torch import torch
from explainers.core.types import Explanation
from explainers.measures.faithfulness import FaithfulnessCurve, activation_curve, pruning_curve
from explainers.streams.classification_settings import Settings
from explainers.streams.report import provenance, span_values
from explainers.targets.label import LabelTarget
from explainers.text.templates import Cloze


def prediction(target: LabelTarget, cloze: Cloze, probabilities: Sequence[float] = ()) -> dict:
    """What the model makes of the whole text: fields of the `prediction` event.

    probabilities: of the classes, where they are known already.
    """
    if not probabilities:
        (probabilities,) = target.class_log_probs(torch.tensor([target.full_mask()])).exp().tolist()
    rows = zip(target.labels, target.verbalizer.words, probabilities, strict=True)
    return {
        "rendered": cloze.rendered,
        "pieces": [{"kind": kind, "text": text} for kind, text in cloze.pieces],
        "labels": [{"label": name, "words": list(words), "probability": p} for name, words, p in rows],
        "predicted": target.labels[probabilities.index(max(probabilities))],
        "notes": [*cloze.notes, *target.verbalizer.notes],
    }


def report(target: LabelTarget, explanation: Explanation, settings: Settings) -> dict:
    """Fields of the `explanation` event that follow from the target and what the method found."""
    pruning = pruning_curve(target, explanation.scores, settings.pruning_order, settings.pruning_values)
    rows = zip(span_values(explanation.spans), explanation.scores, explanation.mask, strict=True)
    return {
        **provenance(target, explanation),
        "spans": [{**span, "score": score, "removed": not kept} for span, score, kept in rows],
        "log_prob": target.log_prob_of(target.full_mask()),
        "log_prob_masked": target.log_prob_of(explanation.mask),
        "activation": _curve(activation_curve(target, explanation.scores)),
        "pruning": _curve(pruning),
        "evaluations": explanation.evaluations,
        "seconds": explanation.seconds,
        "method_notes": list(explanation.notes),
    }


def _curve(curve: FaithfulnessCurve) -> dict:
    return {"fractions": list(curve.fractions), "values": list(curve.values), "score": curve.score}
