"""Faithfulness of one explanation of a class: how the class's probability follows the scores.

The unit is the span, removed or restored whole, and the axis is the share of the text's tokens: at
fraction f come the fewest first spans of the order that hold at least f of the tokens (the paper's
⌈f·N⌉ tokens, where every span is one token). Removed tokens become the tokenizer's unknown token;
template, <mask> and the tokenizer's own marks always stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from explainers.core.deferred_torch import torch
from explainers.targets.label import LabelTarget
from explainers.targets.masked_prompt import MaskOperator

STEPS = 10
PASSES = 2 * (STEPS + 1)  # of both curves
ORDERS = ("absolute", "signed")
VALUES = ("probabilities", "logits")


@dataclass(frozen=True, slots=True)
class FaithfulnessCurve:
    """fractions of the text's tokens, added or removed, and the value at each; score is their mean."""

    name: str
    fractions: tuple[float, ...]
    values: tuple[float, ...]
    score: float
    lower_is_better: bool


def activation_curve(
    target: LabelTarget, scores: Sequence[float], label_index: int | None = None
) -> FaithfulnessCurve:
    """Probability of a class as an all-unknown text gets its spans back, the highest score first.

    label_index: the class looked at, by default the one explained; the published code takes the true one.
    """
    label_index = target.label_index if label_index is None else label_index
    order = _tensor(scores).argsort(descending=True, stable=True)
    log_probs = _with_unknown(target).class_log_probs(first_spans(target, order))  # (STEPS + 1, C)
    return _curve("activation", log_probs[:, label_index].exp(), lower_is_better=False)


def pruning_curve(
    target: LabelTarget, scores: Sequence[float], order: str = "absolute", values: str = "probabilities"
) -> FaithfulnessCurve:
    """Change of the classification as spans become unknown, the least relevant first: Σ_c (z⁰_c − z_c)².

    order: "absolute" removes the smallest |score| first (the published code), "signed" the lowest score.
    values: z are the "probabilities" of the classes (what PromptExplainer's tables fit) or their scores
    before softmax, "logits" (the code it builds on).
    """
    if order not in ORDERS or values not in VALUES:
        raise ValueError(f"order {order!r} must be one of {ORDERS}, values {values!r} one of {VALUES}")
    relevance = _tensor(scores)
    ranked = (relevance.abs() if order == "absolute" else relevance).argsort(stable=True)
    z = _with_unknown(target).class_scores(1 - first_spans(target, ranked))  # (STEPS + 1, C)
    z = z.softmax(-1) if values == "probabilities" else z
    return _curve("pruning", (z[0] - z).square().sum(-1), lower_is_better=True)


def first_spans(target: LabelTarget, order: torch.Tensor) -> torch.Tensor:
    """For each fraction, 1 for the first spans of `order` that make it up, (STEPS + 1, T)."""
    tokens = torch.tensor([len(target.spans[t].positions) for t in order.tolist()])
    before = tokens.cumsum(0) - tokens  # tokens of the spans ahead of each in the order
    chosen = torch.zeros(STEPS + 1, len(order), dtype=torch.int64)
    for step in range(STEPS + 1):
        chosen[step, order] = (before * STEPS < step * tokens.sum()).long()
    return chosen


def _tensor(scores: Sequence[float]) -> torch.Tensor:
    return torch.as_tensor(scores, dtype=torch.float64)


def _with_unknown(target: LabelTarget):
    """The target with removed spans as the unknown token, whatever operator it explains under."""
    return target if target.operator is MaskOperator.REPLACE else target.with_operator(MaskOperator.REPLACE)


def _curve(name: str, values: torch.Tensor, lower_is_better: bool) -> FaithfulnessCurve:
    fractions = tuple(step / STEPS for step in range(STEPS + 1))
    return FaithfulnessCurve(name, fractions, tuple(values.tolist()), values.mean().item(), lower_is_better)
