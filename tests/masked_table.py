"""A tiny random masked LM of each kind, against a slow reading of the logits at <mask>."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from explainers.core.errors import MaskwiseError
from tests.explainers.targets.test_label_target import OPERATORS, slow_class_log_probs, some_masks
from tests.explainers.targets.test_masked_kinds import target_of
from tests.masked_kinds import REFUSED, RIGHT, tiny


@dataclass(frozen=True)
class MaskedKind:
    """off: largest difference of a class's log p from the slow reading, in nats, by mask operator.

    refusal: the sentence, where the kind is refused.
    """

    kind: str
    off: dict[str, float]
    refusal: str = ""


def masked_kinds() -> Iterator[MaskedKind]:
    """Try every kind, one after another."""
    for kind in sorted(RIGHT | REFUSED):
        try:
            yield MaskedKind(kind, {operator: _off(kind, operator) for operator in OPERATORS})
        except MaskwiseError as error:
            yield MaskedKind(kind, {}, str(error))


def _off(kind: str, operator: str) -> float:
    target = target_of(tiny(kind), operator)
    masks = some_masks(len(target.spans))
    slow = torch.tensor([slow_class_log_probs(target, mask.tolist()) for mask in masks], dtype=torch.float64)
    return (target.class_log_probs(masks) - slow).abs().max().item()
