"""log p of a class given a masked text, through a template, the MLM head at <mask> and a verbalizer."""

from __future__ import annotations

import copy
import math
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property

from explainers.core.deferred_torch import torch
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.base import ModelTarget
from explainers.targets.batching import Batches, Passes
from explainers.targets.masked_cloze import MaskedCloze
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.mlm_head import BATCH_TOKENS, MlmReader
from explainers.targets.remembered import Remembered
from explainers.text.templates import Cloze
from explainers.verbalizers import Verbalizer

MAX_BATCH = 64


class LabelTarget(ModelTarget):
    """log p(class | m⊙x) in nats: softmax over the verbalizer's class scores at <mask>.

    mask_position: of <mask> in the unmasked prompt. label_index: the class explained, of `labels`. The
    template, <mask> and the tokenizer's own marks belong to no span and are never removed.
    """

    def __init__(
        self,
        loaded,
        cloze: Cloze,
        verbalizer: Verbalizer,
        label_index: int = 0,
        operator: MaskOperator | str = MaskOperator.REPLACE,
        on_forward=None,
    ):
        MlmReader(loaded, verbalizer.reads_hidden)  # which refuses what cannot be read
        masked, scored = MaskedPrompt(loaded, cloze.prompt, operator), Remembered(self.evaluate)
        super().__init__(loaded, masked, Passes(on_forward), scored)
        self._batches = Batches(self.passes)
        self.cloze = cloze
        self.clozes: tuple[Cloze, ...] = (cloze,)
        if not 0 <= label_index < len(verbalizer.labels):
            raise ValueError(f"label_index {label_index}, but {len(verbalizer.labels)} classes")
        self.verbalizer, self.labels = verbalizer, verbalizer.labels
        self.label_index = label_index

    @property
    def mask_position(self) -> int:
        return self.cloze.mask_position

    def reader(self) -> MlmReader:
        """Reads the model for the verbalizer."""
        return MlmReader(self.loaded, self.verbalizer.reads_hidden)

    def log_prob(self, masks):
        """log p(class | m⊙x), (B, T) → (B,) fp64, nats."""
        return self.class_log_probs(masks)[:, self.label_index]

    def class_log_probs(self, masks: torch.Tensor) -> torch.Tensor:
        """log p of every class, (B, T) → (B, C) fp64, nats."""
        return self.class_scores(masks).log_softmax(-1)

    def class_scores(self, masks: torch.Tensor) -> torch.Tensor:
        """Every class's score before softmax, (B, T) → (B, C) fp64; each distinct mask is evaluated once."""
        return super().log_prob(masks)  # which remembers and stacks whatever `evaluate` gives per mask

    def optimum(self, k):
        scores = [scores for mask, scores in self.scored.known.items() if mask.count(0) == k]
        if len(scores) < math.comb(len(self.spans), k):
            return None
        return torch.tensor(scores, dtype=torch.float64).log_softmax(-1)[:, self.label_index].min().item()

    def recall(self, scores: dict) -> None:
        """Go on from class scores of masks known of this very target; new ones are added there."""
        self.scored.known = scores

    def with_operator(self, operator: MaskOperator | str) -> LabelTarget:
        """This target under another mask operator, with counts and memory of its own."""
        other = copy.copy(self)
        other.masked, other.passes = MaskedPrompt(self.loaded, self.prompt, operator), Passes(self.on_forward)
        other._batches = Batches(other.passes)
        other.scored, other.evaluations = Remembered(other.evaluate), 0
        return other

    def log_prob_from_embeds(self, embeds):
        scores = self._class_scores_at_mask(embeds)
        return scores.log_softmax(-1)[:, self.label_index]

    def class_score_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """f_c, the class's score at <mask> before softmax over classes, (B, L, d) → (B,); differentiable.

        The caller counts the pass, through `count`.
        """
        return self._class_scores_at_mask(embeds)[:, self.label_index]

    def differentiable(self, quantity):
        if quantity == "score":
            return self.class_score_from_embeds
        return super().differentiable(quantity)

    def class_score(self, output) -> torch.Tensor:
        """f_c of an output of `forward`, (B,); differentiable."""
        return self.verbalizer.class_scores(output.logits[:, self.mask_position])[:, self.label_index]

    def class_log_prob(self, output) -> torch.Tensor:
        """log p of the class by an output of `forward`, (B,), nats; differentiable."""
        return self.class_log_probs_from_logits(output.logits[:, self.mask_position])[:, self.label_index]

    def class_log_probs_from_logits(self, logits: torch.Tensor) -> torch.Tensor:
        """log-softmax over classes of the class scores, (..., V) → (..., C), nats; differentiable.

        logits: from `forward`, at any position (so (..., d) where the verbalizer reads hidden states).
        """
        return self.verbalizer.class_scores(logits).log_softmax(-1)

    def forward(
        self,
        inputs_embeds: torch.Tensor | None = None,
        eager: bool = False,
        within: AbstractContextManager | None = None,
        **flags,
    ):
        """The model's output for the unmasked prompt, or for given word embeddings (B, L, d).

        eager: with attention probabilities as tensors. within: a block that the pass alone runs in. flags:
        output_attentions, output_hidden_states and the like. `logits` hold what the verbalizer reads:
        vocabulary logits (B, L, V), or the hidden states before the decoder (B, L, d). Gradients flow, unless
        the caller turned them off.
        """
        embeds = self.embeds()[None] if inputs_embeds is None else inputs_embeds
        self.evaluations += len(embeds)
        self.count(len(embeds))
        with within or nullcontext():
            return self.reader().everywhere(embeds, eager, **flags)

    def evaluate(self, masks: torch.Tensor) -> torch.Tensor:
        """Class scores of any number of masks, (B, T) → (B, C)."""
        scores = []
        with torch.no_grad(), fast_fp32(self.device):
            for batch in self._batches.of(masks.to(self.device), self.batch_size):
                with batch:
                    scores.append(self._evaluate_batch(batch.items).cpu())
        return torch.cat(scores)

    def _evaluate_batch(self, masks: torch.Tensor) -> torch.Tensor:
        """Class scores of a batch of masks, (B, T) → (B, C)."""
        self.count(len(masks))
        return self._masked_cloze().scores(masks, self._scores_at_masks, len(self.labels))

    @cached_property
    def batch_size(self) -> int:
        """Masks that are evaluated at once."""
        return max(1, min(MAX_BATCH, BATCH_TOKENS // len(self.prompt.input_ids)))

    def _class_scores_at_mask(self, embeds: torch.Tensor) -> torch.Tensor:
        """(B, L, d) → (B, C)."""
        return self._scores_at_masks(self._masked_cloze().at_masks(embeds))

    def _scores_at_masks(self, head: torch.Tensor) -> torch.Tensor:
        """What the head gives at the template's one mask, (B, 1, V) or (B, 1, d) → (B, C)."""
        return self.verbalizer.class_scores(head[:, 0])

    def _masked_cloze(self) -> MaskedCloze:
        return MaskedCloze(self.cloze, self.masked, self.reader())
