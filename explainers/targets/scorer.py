"""log p of one response after many masked prompts."""

from __future__ import annotations

from typing import Protocol

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.types import Mask
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.base import as_masks
from explainers.targets.batching import Batches, Passes, batch_rows
from explainers.targets.causal_model import CausalModel
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.shared_prefix import SharedPrefix, first_removable

LOGITS_BYTES = 256 * 2**20


class Scorer(Protocol):
    """An engine: all that a target needs of it."""

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        """log p(y | m⊙x) in nats, (B, T) → (B,), for any number of masks."""


class TransformersScorer:
    """log p on one model in one precision, in batches, with what masked prompts share read once.

    response_ids: (1, R). scored: S, how many of the last response tokens are scored, given those before them.
    """

    def __init__(
        self,
        causal: CausalModel,
        masked: MaskedPrompt,
        response_ids: torch.Tensor,
        scored: int,
        passes: Passes,
    ):
        self._causal, self._masked, self._passes = causal, masked, passes
        self._device = response_ids.device
        self._ids = response_ids[:, -scored:]  # (1, S)
        self._response_embeds = causal.embeds(response_ids[:, :-1])  # (1, R - 1, d)
        # The position before the first span stays out of the prefix: where all is deleted, it is read last.
        self.start = max(0, first_removable(masked.prompt) - 1)
        self.prefix = SharedPrefix(causal, masked, self.start)
        self.batches = Batches()
        self._found: dict[Mask, float] = {}  # what a question that is ended midway has found
        self._batch_size: int | None = None

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        keys = as_masks(masks)
        new = [key for key in keys if key not in self._found]
        with torch.no_grad(), fast_fp32(self._device):
            for batch in self.batches.of(self._arranged(new), self.batch_size()):
                with batch:
                    self._passes.announce(len(batch.items))
                    values = self.token_log_probs(batch.items).sum(-1)
                    self._found.update(zip(batch.items, values.tolist(), strict=True))
        values = torch.tensor([self._found[key] for key in keys], dtype=torch.float64)
        self._found.clear()
        return values

    def token_log_probs(self, masks: list[Mask]) -> torch.Tensor:
        """log p of each scored token under masks that fit in memory at once, B masks → (B, S), nats."""
        embeds, arguments = self._inputs(masks)
        return self._causal.log_probs(embeds, self._ids, **arguments)

    @no_grad
    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at the scored positions under one mask, (S, V), nats."""
        embeds, arguments = self._inputs([mask])
        return self._causal.logits(embeds, self._ids.shape[1], **arguments)[0].float().log_softmax(-1)

    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """log p after prompts of given embeddings, (B, L, d) → (B,) fp32; differentiable."""
        return self._causal.log_probs(self._with_response(embeds), self._ids, use_cache=False).sum(-1)

    def batch_size(self) -> int:
        """Masks that are evaluated at once."""
        if self._batch_size is None:
            positions = self._masked.embeds.shape[0] - self.start + self._response_embeds.shape[1] + 1
            self._batch_size = batch_rows(self._causal.model, positions)
            if self._causal.readout is None:
                row = 4 * self._ids.shape[1] * self._causal.vocabulary
                self._batch_size = max(1, min(self._batch_size, LOGITS_BYTES // row))
        return self._batch_size

    def _arranged(self, masks: list[Mask]) -> list[Mask]:
        """Deletion moves later positions, so that masked prompts share only what precedes the first span."""
        if self._masked.operator is MaskOperator.DELETE or len(masks) < 2:
            return masks
        return self.prefix.arrange(masks, self.batch_size())

    def _inputs(self, masks: list[Mask]) -> tuple[torch.Tensor, dict]:
        """What is left to read of masked prompts and the response, (B, L', d), and the arguments that stand
        for the rest."""
        rows = torch.tensor(masks, dtype=torch.float32, device=self._device)
        if self._masked.operator is MaskOperator.DELETE:
            return self._deleted(rows)
        start, arguments = self.prefix.shared(rows)
        return self._with_response(self._masked.masked(rows)[:, start:]), arguments

    def _with_response(self, embeds: torch.Tensor) -> torch.Tensor:
        response = self._response_embeds.expand(len(embeds), -1, -1)
        return torch.cat([embeds.to(response.dtype), response], 1)

    def _deleted(self, masks: torch.Tensor) -> tuple[torch.Tensor, dict]:
        """Set removed positions before kept ones, so that rows stay equally long and the last prompt position
        is one the model reads. They are hidden from attention, and those behind them move up.

        Where nothing at all is left, one zero embedding stands in: the model must read something.
        """
        embeds = self._masked.masked(masks)[:, self.start :]
        keep, order = self._masked.keep(masks)[:, self.start :].round().long().sort(dim=1, stable=True)
        keep[:, -1] = 1
        embeds = embeds.gather(1, order[..., None].expand_as(embeds))
        head, tail = (keep.new_ones(len(keep), n) for n in (self.start, self._response_embeds.shape[1]))
        attention = torch.cat([head, keep, tail], 1)  # (B, L + R - 1)
        positions = (attention.cumsum(1) - 1).clamp(min=0)[:, self.start :]
        arguments = {"attention_mask": attention, "position_ids": positions}
        return self._with_response(embeds), self.prefix.fixed(len(masks)) | arguments
