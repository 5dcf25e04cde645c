"""The questions of the What-if section on a classified text, and the model that answers them."""

from __future__ import annotations

from components.classification.tab import TUNED_MODELS
from components.what_if.class_view import counted, unmeasured
from components.what_if.questions import JOINT, Question
from components.what_if.view import explanation_of
from explainers.core.errors import MaskwiseError
from explainers.models.held import LoadedModel
from explainers.streams.class_what_if import class_joint_effect, class_removal


def tuned_model(session: str | None, record: dict) -> LoadedModel | None:
    """The session's tuned model where it made the record, None where another made it, which can be loaded by
    its name. Raises MaskwiseError where the tuned one is gone or was tuned anew."""
    loaded = TUNED_MODELS.find(session, record.get("inputs", {}).get("model"))
    if loaded and loaded.revision != explanation_of(record).get("revision"):
        raise MaskwiseError(
            "Another tuned model made this result. Press Run on the Classification tab to classify it anew."
        )
    return loaded


def _removal(explanation, removed, on_forward, loaded):
    yield class_removal(explanation, removed, on_forward, loaded)


def _joint(explanation, removed, on_forward, loaded):
    yield class_joint_effect(explanation, removed, on_forward, loaded)


CLASS_REMOVAL = Question(
    "removal", "Measuring the classes without these words", _removal, counted, unmeasured
)
CLASS_JOINT = Question(JOINT.kind, JOINT.text, _joint, JOINT.done, JOINT.failed)
