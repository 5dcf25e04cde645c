"""Whether removing anything makes a difference: where log p never moves, an explanation says nothing."""

from __future__ import annotations

from collections.abc import Sequence

from explainers.core.deferred_torch import torch
from explainers.core.errors import Stopped
from explainers.core.target import Target
from explainers.verbalizers.words import shorten

FLAT = "Nothing can be told apart here"
EQUAL = 1e-6  # probabilities that differ by less are equal but for rounding


def flat_notes(target: Target, *without: float) -> tuple[str, ...]:
    """A sentence where log p is the same, within the target's `min_gain`, whatever is removed.

    without: log p without the spans that each method found, in nats. Only where that is the same, all spans
    at once are tried, and then each alone: up to T + 1 passes. No sentence where a Stop ends them.
    """
    spans = len(target.spans)
    try:
        whole = target.log_prob_of(target.full_mask())
        if any(abs(value - whole) > target.min_gain for value in without):
            return ()
        for masks in torch.zeros(1, spans), 1 - torch.eye(spans):
            if (target.log_prob(masks.long()) - whole).abs().max() > target.min_gain:
                return ()
    except Stopped:
        return ()
    return (
        f"{FLAT}: log p stays the same, within {target.min_gain:.2g} nats, whatever "
        "is removed (each part alone, all at once, and those found). The scores say nothing. Try another "
        "model or another text.",
    )


def flat_among(notes: Sequence[str]) -> list[str]:
    """The sentences of `flat_notes` among the notes of a result."""
    return [note for note in notes if note.startswith(FLAT)]


def tie_notes(labels: Sequence[str], probabilities: Sequence[float]) -> tuple[str, ...]:
    """A sentence where several classes are the most probable one."""
    most = max(probabilities)
    tied = [label for label, p in zip(labels, probabilities, strict=True) if most - p < EQUAL]
    if len(tied) == 1:
        return ()
    return (f"The model cannot tell these classes apart, which are equally probable: {shorten(tied)}.",)
