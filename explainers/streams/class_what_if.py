"""What if other spans of a classified text were removed: the target is rebuilt from the explanation.

An explanation is the `explanation` event of a classification as a dict. It may come from a file, so nothing
in it is trusted: MaskwiseError says what does not hold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask, OnForward, Task
from explainers.models.loaded import IN_MEMORY, LoadedModel
from explainers.streams.classification import build_target
from explainers.streams.events.what_if import ClassRemoval, JointEffect
from explainers.streams.given_model import model_of
from explainers.streams.known import known
from explainers.streams.rebuilt import check_removed, check_spans
from explainers.streams.requests.checks import check_text
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.running import returned
from explainers.streams.what_if import joint_effect_on
from explainers.targets.label import LabelTarget
from explainers.targets.whole_words import label_target
from explainers.text.templates import Cloze
from explainers.verbalizers import Verbalizer
from explainers.verbalizers.words import MAX_LABEL_CHARS, find_label

MOST_MASKS = 20_000  # that are kept from one question to the next


@dataclass
class _Known:
    """What a target is made from beside its model, and the class scores of its masks."""

    clozes: tuple[Cloze, ...]
    verbalizer: Verbalizer
    scores: dict[Mask, list[float]] = field(default_factory=dict)

    def is_full(self) -> bool:
        return len(self.scores) > MOST_MASKS


def class_target_of(
    explanation: dict, on_forward: OnForward | None = None, loaded: LoadedModel | None = None
) -> LabelTarget:
    """The target that the explanation explains, rebuilt; raises MaskwiseError where that cannot be done.

    Masks that were evaluated for earlier questions about it cost nothing. loaded: the model in memory where
    it cannot be loaded by name, such as one tuned on a person's own texts; of a caller's own object nothing
    is kept, since its weights may change.
    """
    request = _request(explanation)
    loaded = loaded or model_of(explanation, request.model, Task.CLASSIFICATION)

    def build() -> _Known:
        target = returned(build_target(request, on_forward, loaded))
        return _Known(target.clozes, target.verbalizer)

    found = build() if loaded.revision == IN_MEMORY else known(loaded.model, _key(request), build)
    check_spans(explanation, found.clozes[-1].prompt.spans)
    check_text("label", explanation.get("label"), MAX_LABEL_CHARS)
    labels = list(found.verbalizer.labels)
    index, operator = labels.index(find_label(explanation["label"], labels)), request.settings().mask_operator
    target = label_target(loaded, found.clozes, found.verbalizer, index, operator, on_forward)
    target.recall(found.scores)
    return target


def class_removal(
    explanation: dict,
    removed: list[int],
    on_forward: OnForward | None = None,
    loaded: LoadedModel | None = None,
) -> ClassRemoval:
    """Each class's probability with all of the text, and without these spans (their numbers)."""
    target = class_target_of(explanation, on_forward, loaded)
    removed = check_removed(removed, target.spans)
    masks = torch.ones(2, len(target.spans), dtype=torch.long)
    masks[1, removed] = 0
    before, after = target.class_log_probs(masks).exp().tolist()
    rows = zip(target.labels, before, after, strict=True)
    return {
        "removed": removed,
        "labels": [{"label": name, "probability": b, "probability_masked": a} for name, b, a in rows],
        "label": target.labels[target.label_index],
    }


def class_joint_effect(
    explanation: dict,
    removed: list[int],
    on_forward: OnForward | None = None,
    loaded: LoadedModel | None = None,
) -> JointEffect:
    """The joint effect of these spans (their numbers) on the explained class, as by `joint_effect_on`."""
    target = class_target_of(explanation, on_forward, loaded)
    return joint_effect_on(target, removed, _request(explanation).settings().granularity)


def _request(explanation: dict) -> ClassificationRequest:
    """The settings of the explanation, checked as those of any request are."""
    if not isinstance(explanation, dict):
        raise MaskwiseError("This is not an explanation. Press Run, or load a file that was downloaded here.")
    names = {f.name for f in fields(ClassificationRequest)}
    given = {name: value for name, value in explanation.items() if name in names}
    return ClassificationRequest(**{"text": None, **given})


def _key(request: ClassificationRequest) -> str:
    """All that a target is made from. An option that is no setting belongs to the method alone."""
    settings, words = request.settings(), request.words()
    made_from = (request.text, request.task, request.used_template(), words, bool(request.label_words))
    return json.dumps([*made_from, request.verbalizer, request.seed, vars(settings)])
