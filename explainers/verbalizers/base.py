"""The protocol of verbalizers, and the one that manual and knowledgeable verbalizers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from explainers.core.deferred_torch import torch


class Verbalizer(ABC):
    """Class scores from what the MLM head gives at a position.

    labels: the C classes. words: the label words in use, a tuple per class. notes: what a reader must know,
    in sentences. reads_hidden: whether `class_scores` reads the head's last hidden state, (..., d), that is
    the decoder's input, instead of the vocabulary logits, (..., V). mask_counts: how many masks the template
    is filled with: once with each of these numbers.
    """

    reads_hidden: ClassVar[bool] = False
    mask_counts: tuple[int, ...] = (1,)

    def __init__(self, labels: Sequence[str], words: Sequence[Sequence[str]], notes: Sequence[str] = ()):
        self.labels = tuple(labels)
        self.words = tuple(tuple(of_class) for of_class in words)
        self.notes = tuple(notes)

    @abstractmethod
    def class_scores(self, head: torch.Tensor) -> torch.Tensor:
        """Unnormalised scores, (..., V) or (..., d) → (..., C), in fp32; differentiable."""


class WordVerbalizer(Verbalizer):
    """s_c = mean over the class's label words of their logit z_w, less the word's prior where calibrated.

    Softmax over classes makes this the same as the mean of log-probabilities (PromptExplainer, equation 3;
    KPT, equation 7 with equal weights), since the normaliser of the vocabulary is common to all classes.
    KPT's code adds 1e-15 to each probability before the logarithm; that floor is left out, because it
    distorts positions where a label word itself stands.
    """

    def __init__(
        self, labels, words, ids: Sequence[Sequence[int]], prior: torch.Tensor | None = None, notes=()
    ):
        """ids: token ids of each class's words. prior: what is taken off each logit, (V,)."""
        super().__init__(labels, words, notes)
        self.ids = tuple(tuple(of_class) for of_class in ids)
        self._columns = torch.tensor([i for of_class in self.ids for i in of_class])  # (N,)
        self._prior = None if prior is None else prior.float().cpu()[self._columns]  # (N,)
        self._mean = torch.block_diag(*(torch.full((len(i), 1), 1 / len(i)) for i in self.ids))  # (N, C)

    def class_scores(self, head):
        logits = head[..., self._columns.to(head.device)].float()  # (..., N)
        if self._prior is not None:
            logits = logits - self._prior.to(head.device)
        return logits @ self._mean.to(head.device)
