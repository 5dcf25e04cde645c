"""What searches for a joint mask share."""

from __future__ import annotations

from time import perf_counter

import torch

from explainers.core.types import Explanation

# A fall in log p smaller than this, in nats, may be rounding: sums in fp32 differ by up to 1e-4 with the
# size of the batch, and a search must not take another path because of it.
MIN_GAIN = 1e-3


def joint_explanation(
    explainer, target, mask, started: float, evaluations_before: int, notes=()
) -> Explanation:
    """The Explanation of a removed set: each member's score is the rise of log p when it alone is put back.

    started: perf_counter() at the start; evaluations_before: target.evaluations at the start.
    """
    return Explanation(
        method=explainer.name(),
        spans=target.spans,
        scores=put_back_scores(target, mask),
        mask=tuple(mask),
        seconds=perf_counter() - started,
        evaluations=target.evaluations - evaluations_before,
        notes=tuple(notes),
    )


def put_back_scores(target, mask) -> tuple[float, ...]:
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
