"""What searches for a joint mask share."""

from __future__ import annotations

from time import perf_counter

from explainers.core.base import Explainer
from explainers.core.deferred_torch import torch
from explainers.core.target import MIN_GAIN, Target
from explainers.core.types import Explanation, Mask

BEST_FOUND = "Best found: no proof that no other set lowers log p further."


class Tally:
    """What a run has taken since this was made: wall time in seconds, evaluations, distinct masks."""

    def __init__(self, target: Target):
        self._target, self._before = target, (perf_counter(), target.evaluations, target.distinct_masks)

    def fields(self) -> dict:
        """The fields of an Explanation that hold it."""
        started, evaluations, distinct = self._before
        return {
            "seconds": perf_counter() - started,
            "evaluations": self._target.evaluations - evaluations,
            "distinct_masks": self._target.distinct_masks - distinct,
        }


def joint_explanation(
    explainer: Explainer, target: Target, mask: Mask, tally: Tally, certificate: str
) -> Explanation:
    """Explains a removed set; each member's score is the rise of log p when it alone is put back."""
    optimum = target.optimum(mask.count(0))
    if target.min_gain > MIN_GAIN:
        certificate += f" In this model's precision that holds to {target.min_gain:.2g} nats."
    return Explanation(
        method=explainer.name(),
        spans=target.spans,
        scores=put_back_scores(target, mask),
        mask=mask,
        notes=target.notes(),
        certificate=certificate,
        optimality_gap=None if optimum is None else max(0.0, target.log_prob_of(mask) - optimum),
        **tally.fields(),
    )


def put_back_scores(target: Target, mask: Mask) -> tuple[float, ...]:
    """log p(m with span t put back) − log p(m) for each removed span, 0 for kept ones; T values, nats."""
    removed = [t for t, kept in enumerate(mask) if not kept]
    masks = torch.tensor([mask] * (1 + len(removed)))
    for row, t in enumerate(removed, start=1):
        masks[row, t] = 1
    base, *put_back = target.log_prob(masks).tolist()
    scores = [0.0] * len(mask)
    for t, value in zip(removed, put_back, strict=True):
        scores[t] = value - base
    return tuple(scores)
