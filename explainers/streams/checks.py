"""What the streams share: checks of a request, and the run of a method."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from explainers.core.base import Explainer
from explainers.core.errors import MaskwiseError, Stopped, shown
from explainers.core.types import Explanation, SearchStep, removed_spans
from explainers.streams.events.shared import StepEvent
from explainers.targets.base import ScoredTarget

Returned = TypeVar("Returned")


def check_text(name: str, value, longest: int) -> None:
    if not isinstance(value, str):
        raise MaskwiseError(f"{name} must be text.")
    if len(value) > longest:
        raise MaskwiseError(f"{name} is limited to {longest:,} characters. Shorten it.")


def check_range(name: str, value, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MaskwiseError(f"{name} must be a whole number between {low} and {high}, not {shown(value)}.")


def check_k(k: int, spans: int, granularity: str) -> None:
    """Raise MaskwiseError where k spans cannot be removed."""
    if not spans:
        raise MaskwiseError("The prompt holds nothing that can be removed. Type some words.")
    if k > spans:
        has = f"{spans} {granularity}{'' if spans == 1 else 's'}"
        choice = "k = 1" if spans == 1 else f"k between 1 and {spans}"
        raise MaskwiseError(
            f"k is {k}, but this prompt has only {has}. Choose {choice}, or a finer granularity."
        )


def returned(stream: Generator[object, None, Returned]) -> Returned:
    """What a stream of events returns at its end."""
    while True:
        try:
            next(stream)
        except StopIteration as end:
            return end.value


@dataclass(frozen=True)
class MethodRun:
    """What a method has found, and the sequences that went through the model for it. stopped: before its end.

    Where `explanation.final` is False, the method goes on.
    """

    explanation: Explanation
    stopped: bool
    forward_passes: int


def run_method(
    explainer: Explainer, target: ScoredTarget, passes_before: int | None = None
) -> Iterator[StepEvent | MethodRun]:
    """Stream the method's steps and what it has found; the last is final.

    Where somebody stops it, that is the best set so far; Stopped passes on if there is none yet.
    passes_before: passes of the target before the method's plan was asked for, where it was.
    """
    step = shown = None
    before = target.forward_passes if passes_before is None else passes_before
    try:
        for event in explainer.stream(target):
            if isinstance(event, Explanation):
                shown, paused_at = event, target.forward_passes
                yield MethodRun(event, False, target.forward_passes - before)
                before += target.forward_passes - paused_at  # what the caller asked of the target meanwhile
            else:
                step = event
                yield _step_event(step)
    except Stopped:
        if step is None:
            raise
        best = _best_so_far(explainer, target, step, shown)
        yield MethodRun(best, True, target.forward_passes - before)


@contextmanager
def uninterrupted(target: ScoredTarget) -> Iterator[None]:
    """Within, a Stop does not cut off the target's passes: they are few, and a result waits for them."""
    on_forward, target.on_forward = target.on_forward, lambda rows: None
    try:
        yield
    finally:
        target.on_forward = on_forward


def _step_event(step: SearchStep) -> StepEvent:
    values: StepEvent = {
        "type": "step",
        "step": step.step,
        "total": step.total,
        "log_prob": step.log_prob,
        "removed": removed_spans(step.mask),
        "proposal": step.proposal_log_prob,
        "proposed": removed_spans(step.proposed_mask),
        "accepted": step.accepted,
        "phase": step.phase.value,
    }
    if step.checked:
        values["checked"] = list(step.checked)
    return values


def _best_so_far(
    explainer: Explainer, target: ScoredTarget, step: SearchStep, shown: Explanation | None
) -> Explanation:
    if step.checked:
        done, wanted = step.checked
        note = f"Stopped after {done:,} of {wanted:,} checks of the proof: this is the best set so far."
    else:
        note = f"Stopped after {step.step} of {step.total} steps: this is the best set so far."
    if shown and shown.mask == step.mask:
        return replace(shown, final=True, notes=(*shown.notes, note))
    scores = tuple(float(not kept) for kept in step.mask)
    return Explanation(explainer.name(), target.spans, scores, step.mask, notes=(note,))
