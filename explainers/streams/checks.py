"""What the streams of generation and classification share: checks of a request, and a method's run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from explainers.core.base import Explainer
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Explanation, SearchStep
from explainers.targets.base import Target


def check_text(name: str, value, longest: int) -> None:
    if not isinstance(value, str):
        raise MaskwiseError(f"{name} must be text.")
    if len(value) > longest:
        raise MaskwiseError(f"{name} is limited to {longest:,} characters. Shorten it.")


def check_choice(name: str, value, choices: Sequence[str]) -> None:
    if value not in choices:
        raise MaskwiseError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def check_range(name: str, value, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MaskwiseError(f"{name} must be a whole number between {low} and {high}, not {value!r}.")


def run_method(explainer: Explainer, target: Target) -> Iterator[dict]:
    """Stream the method's steps; returns its Explanation and whether it was stopped before its end."""
    step = None
    try:
        for event in explainer.stream(target):
            if isinstance(event, Explanation):
                return event, False
            step = event
            yield _step_values(step)
    except Stopped:
        if step is None:
            raise
    return _best_so_far(explainer, target, step), True


def _step_values(step: SearchStep) -> dict:
    values = {"type": "step", **asdict(step)}
    return values | {"removed": _removed(values.pop("mask")), "proposed": _removed(values["proposed"])}


def _removed(mask: Sequence[int]) -> list[int]:
    return [t for t, kept in enumerate(mask) if not kept]


def _best_so_far(explainer: Explainer, target: Target, step: SearchStep) -> Explanation:
    note = f"Stopped after {step.step} of {step.total} steps: this is the best set so far."
    scores = tuple(float(not kept) for kept in step.mask)
    return Explanation(explainer.name(), target.spans, scores, step.mask, notes=(note,))
