"""A method run as a stream of events, to its end or until somebody stops it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from explainers.core.base import Explainer
from explainers.core.errors import Stopped
from explainers.core.search import Tally
from explainers.core.types import Explanation, SearchStep, Unproved, removed_spans
from explainers.streams.events.shared import StepEvent
from explainers.targets.base import ScoredTarget

DROP_ALONE = "How far log p falls, in nats, when this span alone is removed; 0 where that was not tried."
CHOSEN = "1 for a removed span, else 0: the run was stopped before its words were scored."

Returned = TypeVar("Returned")


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
    alone: dict[int, float] = {}  # log p without one span, in nats
    before = target.forward_passes if passes_before is None else passes_before
    tally = Tally(target)
    try:
        for event in explainer.stream(target):
            if isinstance(event, Explanation):
                shown, paused_at = event, target.forward_passes
                with tally.paused():
                    yield MethodRun(event, False, target.forward_passes - before)
                before += target.forward_passes - paused_at  # what the caller asked of the target meanwhile
            else:
                step = event
                if len(proposed := removed_spans(step.proposed_mask)) == 1:
                    alone[proposed[0]] = step.proposal_log_prob
                yield _step_event(step)
    except Stopped:
        if step is None:
            raise
        best = _best_so_far(explainer, target, step, shown, alone)
        yield MethodRun(replace(best, **tally.fields()), True, target.forward_passes - before)


@contextmanager
def uninterrupted(target: ScoredTarget) -> Iterator[None]:
    """Within, a Stop does not cut off the target's passes: they are few, and a result waits for them."""
    on_forward = target.on_forward

    def on_forward_to_the_end(rows: int) -> bool | None:
        with suppress(Stopped):
            return on_forward(rows)
        return None

    target.on_forward = on_forward_to_the_end
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
    explainer: Explainer,
    target: ScoredTarget,
    step: SearchStep,
    shown: Explanation | None,
    alone: dict[int, float],
) -> Explanation:
    """alone: log p without one span, of those that were tried, in nats."""
    found = "this is the best set so far" if removed_spans(step.mask) else "no set has been found yet"
    note = f"Stopped after {step.step:,} of {step.total:,} steps: {found}."
    certificate, unproved = "", shown.unproved if shown else None
    if step.checked:
        done, wanted = step.checked
        unproved = Unproved(wanted - done, wanted, {})
    if unproved:
        done, wanted = unproved.wanted - unproved.left, unproved.wanted
        note = f"Stopped after {done:,} of {wanted:,} checks of the proof: this is the best set so far."
        certificate = f"Best found, not proved: {done:,} of {wanted:,} checks of the proof were made."
    if shown and shown.mask == step.mask:
        notes = (*shown.notes, note)
        return replace(shown, final=True, notes=notes, certificate=certificate, unproved=unproved)
    scores = tuple(float(not kept) for kept in step.mask)
    if alone:
        unmasked = target.log_prob_of(target.full_mask())
        scores = tuple(unmasked - alone[t] if t in alone else 0.0 for t in range(len(scores)))
    return Explanation(
        explainer.name(),
        target.spans,
        scores,
        step.mask,
        notes=(note,),
        certificate=certificate,
        score_meaning=DROP_ALONE if alone else CHOSEN,
        unproved=unproved,
    )


def returned(stream: Generator[object, None, Returned]) -> Returned:
    """What a stream of events returns at its end."""
    while True:
        try:
            next(stream)
        except StopIteration as end:
            return end.value
