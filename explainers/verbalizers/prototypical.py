"""Prototypical verbalizer: a class is the direction of its labelled examples' hidden states at <mask>."""

from __future__ import annotations

from collections.abc import Sequence

from explainers.core.deferred_torch import torch
from explainers.verbalizers.base import Verbalizer

WIDTH = 64
STEPS, RATE = 50, 1e-3


class PrototypicalVerbalizer(Verbalizer):
    """s_c = cos(W h, P_c) (Cui et al. 2022, arXiv 2203.09770).

    h: hidden state at the position, (d,); W: (64, d), no bias; P: (C, 64). Cosines lie within ±1, so class
    probabilities stay near 1/C. h is the MLM head's last hidden state, where the published code takes the
    encoder's.
    """

    reads_hidden = True

    def __init__(self, labels, words, projection: torch.Tensor, prototypes: torch.Tensor, notes=()):
        super().__init__(labels, words, notes)
        self.projection, self.prototypes = projection, torch.nn.functional.normalize(prototypes, dim=-1)

    def class_scores(self, head):
        projected = torch.nn.functional.normalize(head.float() @ self.projection.to(head.device).T, dim=-1)
        return projected @ self.prototypes.to(head.device).T


def fit_prototypes(
    hidden: torch.Tensor, classes: torch.Tensor, count: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """W and P, (64, d) and (C, 64), from hidden states at <mask> (N, d) and their classes (N,).

    loss = instance–prototype + instance–instance InfoNCE over cosines; Adam, all examples in each step.
    Prototypes start at the class means, where the published code starts at random, and all classes have
    at least one example.
    """
    projection = torch.randn(WIDTH, hidden.shape[1], generator=generator) / hidden.shape[1] ** 0.5
    means = torch.stack([(hidden[classes == c] @ projection.T).mean(0) for c in range(count)])
    parameters = [projection.requires_grad_(), means.requires_grad_()]
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    with torch.enable_grad():
        for _ in range(STEPS):
            optimizer.zero_grad()
            prototype_loss(hidden, classes, projection, means).backward()
            optimizer.step()
    return projection.detach(), means.detach()


def prototype_loss(hidden, classes, projection, prototypes) -> torch.Tensor:
    """Both InfoNCE terms, a scalar in nats."""
    v = torch.nn.functional.normalize(hidden @ projection.T, dim=-1)  # (N, 64)
    to_prototypes = torch.nn.functional.cross_entropy(
        v @ torch.nn.functional.normalize(prototypes, dim=-1).T, classes
    )
    others = (v @ v.T).masked_fill(torch.eye(len(v), dtype=torch.bool), float("-inf"))  # (N, N)
    log_share = others.log_softmax(-1)
    same = (classes[:, None] == classes) & ~torch.eye(len(v), dtype=torch.bool)
    return to_prototypes - (log_share[same].mean() if same.any() else 0)


def prototypical_verbalizer(
    labels: Sequence[str], words, hidden: torch.Tensor, classes: torch.Tensor, generator: torch.Generator
) -> PrototypicalVerbalizer:
    """Fit prototypes to N examples: hidden (N, d), classes (N,)."""
    projection, prototypes = fit_prototypes(hidden, classes, len(labels), generator)
    note = (
        f"Prototypes from {len(hidden)} labelled texts. Cosines keep all probabilities near 1/{len(labels)}."
    )
    return PrototypicalVerbalizer(labels, words, projection, prototypes, [note])
