"""What searches for a joint mask share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from explainers.core.base import Explainer
from explainers.core.deferred_torch import torch
from explainers.core.target import MIN_GAIN, TURNS, Target
from explainers.core.types import Explanation, Mask, removed_spans

BEST_FOUND = "Best found: no proof that no other set lowers log p further."

UPDATE_SECONDS = 0.8  # a search says what it has found about that often
FIRST_PART, MOST_AT_ONCE = 2, 16  # masks


class Pace:
    """Cuts masks into parts that take about UPDATE_SECONDS each, by the time of those before."""

    def __init__(self):
        self._size = FIRST_PART

    def parts(self, masks: list[Mask]) -> Iterator[list[Mask]]:
        """The time between two parts counts as the time of the first: evaluate each before the next."""
        start = 0
        while start < len(masks):
            part, started = masks[start : start + self._size], perf_counter()
            yield part
            start += len(part)
            fitting = int(UPDATE_SECONDS * len(part) / max(perf_counter() - started, 1e-6))
            self._size = max(1, min(fitting, 2 * self._size, MOST_AT_ONCE))


def exact_below(target: Target, mask: Mask, value: float, limit: float) -> float:
    """log p of a mask in nats, exact where it lies below the limit.

    value: of `Target.lowest`, which may be an estimate where another mask of the same question is lower.
    """
    return target.log_prob_of(mask) if value < limit - target.min_gain else value


class Tally:
    """What a run has taken since this was made: wall time in seconds, evaluations, distinct masks."""

    def __init__(self, target: Target):
        self._target = target
        self._before = self._now()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done within, by others, does not count."""
        at = self._now()
        yield
        (seconds, evaluations, distinct), now = self._before, self._now()
        self._before = (seconds + now[0] - at[0], evaluations + now[1] - at[1], distinct + now[2] - at[2])

    def _now(self) -> tuple[float, int, int]:
        return perf_counter(), self._target.evaluations, self._target.distinct_masks

    def fields(self) -> dict:
        """The fields of an Explanation that hold it."""
        seconds, evaluations, distinct = (
            now - before for now, before in zip(self._now(), self._before, strict=True)
        )
        return {"seconds": seconds, "evaluations": evaluations, "distinct_masks": distinct}


def joint_explanation(
    explainer: Explainer, target: Target, mask: Mask, tally: Tally, certificate: str, final: bool = True
) -> Explanation:
    """Explains a removed set; each member's score is the rise of log p when it alone is put back."""
    optimum = target.optimum(mask.count(0))
    if not target.bounded:
        certificate += f" That may not hold in this model's precision: {TURNS}."
    elif target.min_gain > MIN_GAIN:
        certificate += f" In this model's precision that holds to {target.min_gain:.2g} nats."
    return Explanation(
        method=explainer.name(),
        spans=target.spans,
        scores=put_back_scores(target, mask),
        mask=mask,
        notes=target.notes(),
        certificate=certificate,
        optimality_gap=None if optimum is None else max(0.0, target.log_prob_of(mask) - optimum),
        final=final,
        **tally.fields(),
    )


def put_back_scores(target: Target, mask: Mask) -> tuple[float, ...]:
    """log p(m with span t put back) − log p(m) for each removed span, 0 for kept ones; T values, nats."""
    removed = removed_spans(mask)
    masks = torch.tensor([mask] * (1 + len(removed)))
    for row, t in enumerate(removed, start=1):
        masks[row, t] = 1
    base, *put_back = target.log_prob(masks).tolist()
    scores = [0.0] * len(mask)
    for t, value in zip(removed, put_back, strict=True):
        scores[t] = value - base
    return tuple(scores)
