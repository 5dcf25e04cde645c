"""Soft verbalizer: a vector per class in place of the MLM head's decoder."""

from __future__ import annotations

from explainers.core.deferred_torch import torch
from explainers.verbalizers.base import Verbalizer, WordVerbalizer

STEPS, RATE = 50, 3e-4


class SoftVerbalizer(Verbalizer):
    """s_c = V_c · h, V of (C, d) without bias (Hambardzumyan et al. 2021, arXiv 2101.00121)."""

    reads_hidden = True

    def __init__(self, labels, words, vectors: torch.Tensor, notes=()):
        super().__init__(labels, words, notes)
        self.vectors = vectors

    def class_scores(self, head):
        return head.float() @ self.vectors.to(head.device).T


def fit_vectors(vectors: torch.Tensor, hidden: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """V after Adam on the cross-entropy of N examples, the model itself frozen.

    vectors: where it starts, (C, d); hidden: states at <mask>, (N, d); classes: (N,).
    """
    vectors = vectors.clone().requires_grad_()
    optimizer = torch.optim.Adam([vectors], lr=RATE)
    with torch.enable_grad():
        for _ in range(STEPS):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(hidden @ vectors.T, classes).backward()
            optimizer.step()
    return vectors.detach()


def soft_verbalizer(model, start: WordVerbalizer, hidden=None, classes=None) -> SoftVerbalizer:
    """Vectors that begin as the mean decoder row of each class's words, fitted to N examples if given.

    hidden: states at <mask>, (N, d); classes: (N,).
    """
    rows = model.get_output_embeddings().weight.detach().float().cpu()  # (V, d)
    vectors = torch.stack([rows[list(of_class)].mean(0) for of_class in start.ids])
    if hidden is None:
        note = "Class vectors are the label words' own: no labelled texts were given to fit them."
    else:
        vectors = fit_vectors(vectors, hidden, classes)
        note = f"Class vectors begin as the label words' and are fitted to {len(hidden)} labelled texts."
    return SoftVerbalizer(start.labels, start.words, vectors, [*start.notes, note])
