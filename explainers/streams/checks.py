"""What the streams of generation and classification share: checks of a request, and a method's run."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from explainers.core.base import Explainer
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Explanation, SearchStep
from explainers.streams.events.shared import StepEvent
from explainers.targets.base import ScoredTarget


def check_text(name: str, value, longest: int) -> None:
    if not isinstance(value, str):
        raise MaskwiseError(f"{name} must be text.")
    if len(value) > longest:
        raise MaskwiseError(f"{name} is limited to {longest:,} characters. Shorten it.")


def check_range(name: str, value, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MaskwiseError(f"{name} must be a whole number between {low} and {high}, not {value!r}.")


@dataclass(frozen=True)
class MethodRun:
    """What a method found, and the sequences that went through the model for it. stopped: before its end."""

    explanation: Explanation
    stopped: bool
    forward_passes: int


def run_method(
    explainer: Explainer, target: ScoredTarget, passes_before: int | None = None
) -> Generator[StepEvent, None, MethodRun]:
    """Stream the method's steps and return what it found.

    Where somebody stops it, that is the best set so far; Stopped passes on if there is none yet.
    passes_before: passes of the target before the method's plan was asked for, where it was.
    """
    step = None
    before = target.forward_passes if passes_before is None else passes_before
    try:
        for event in explainer.stream(target):
            if isinstance(event, Explanation):
                return MethodRun(event, False, target.forward_passes - before)
            step = event
            yield _step_event(step)
    except Stopped:
        if step is None:
            raise
    return MethodRun(_best_so_far(explainer, target, step), True, target.forward_passes - before)


def _step_event(step: SearchStep) -> StepEvent:
    return {
        "type": "step",
        "step": step.step,
        "total": step.total,
        "log_prob": step.log_prob,
        "removed": removed_spans(step.mask),
        "proposal": step.proposal_log_prob,
        "proposed": removed_spans(step.proposed_mask),
        "accepted": step.accepted,
    }


def removed_spans(mask: Sequence[int]) -> list[int]:
    """The numbers of the spans that a mask removes."""
    return [t for t, kept in enumerate(mask) if not kept]


def _best_so_far(explainer: Explainer, target: ScoredTarget, step: SearchStep) -> Explanation:
    note = f"Stopped after {step.step} of {step.total} steps: this is the best set so far."
    scores = tuple(float(not kept) for kept in step.mask)
    return Explanation(explainer.name(), target.spans, scores, step.mask, notes=(note,))
