"""Faithfulness of any explanation by log p alone, so that searches and scores are judged by one scale.

At equal k: what the removed set takes away, and what it leaves when it is all that is kept (comprehensiveness
and sufficiency, DeYoung et al. 2020, arXiv 1911.03429). At equal expected retention: the same with spans kept
at random by their scores. Soft measures without that bound reward a method that keeps more words (arXiv
2601.03089), so here every method keeps the same share in the mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explainers.core.deferred_torch import torch
from explainers.core.target import Target
from explainers.core.types import Mask

WIDEST, HALVINGS = 40.0, 60  # where the shift of the logistic is looked for, and how closely


@dataclass(frozen=True, slots=True)
class RemovalFaithfulness:
    """Nats of log p that are lost against the whole prompt; k spans removed, or a share `retention` kept.

    comprehensiveness: without the removed spans; higher is better. sufficiency: with them alone; lower is
    better. soft_comprehensiveness and soft_sufficiency: the same where spans are kept at random, the high
    scores rarely or often; means over draws.
    """

    k: int
    retention: float
    comprehensiveness: float
    sufficiency: float
    soft_comprehensiveness: float
    soft_sufficiency: float


def removal_faithfulness(
    target: Target,
    scores: Sequence[float],
    mask: Mask,
    retention: float = 0.5,
    draws: int = 32,
    seed: int = 0,
) -> RemovalFaithfulness:
    """scores: T, one per span. mask: 0 for each of the k removed spans. Costs 3 + 2 · draws masks."""
    uniform = torch.rand(draws, len(mask), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    relevance = torch.as_tensor(scores, dtype=torch.float64)
    kept_rarely, kept_often = (
        (uniform < retention_probabilities(sign * relevance, retention)).int() for sign in (-1, 1)
    )
    removed = torch.tensor([mask], dtype=torch.int)
    rows = torch.cat([torch.ones_like(removed), removed, 1 - removed, kept_rarely, kept_often])
    whole, without, alone, *soft = target.log_prob(rows).tolist()
    return RemovalFaithfulness(
        k=mask.count(0),
        retention=retention,
        comprehensiveness=whole - without,
        sufficiency=whole - alone,
        soft_comprehensiveness=whole - sum(soft[:draws]) / draws,
        soft_sufficiency=whole - sum(soft[draws:]) / draws,
    )


def retention_probabilities(scores: torch.Tensor, retention: float) -> torch.Tensor:
    """σ(z + b) with z the scores standardised and b such that the mean is `retention`, (T,) → (T,).

    Scale and mean of the scores play no part, only their shape. Equal scores give equal probabilities.
    """
    spread = scores.std(correction=0)
    z = (scores - scores.mean()) / spread if spread > 0 else torch.zeros_like(scores)
    low, high = -WIDEST, WIDEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if (z + middle).sigmoid().mean() > retention else (middle, high)
    return (z + low).sigmoid()
