"""log p of one response after many masked prompts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain, groupby
from typing import Protocol

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.types import Mask
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.base import as_masks
from explainers.targets.batching import LOGITS_BYTES, Batch, Batches, Passes, batch_rows
from explainers.targets.causal.lengths import check_choices, steady_length, window_of
from explainers.targets.causal.model import CausalModel
from explainers.targets.causal.prefix import SharedPrefix, first_removable
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator


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
        self.causal, self._masked, self._passes = causal, masked, passes
        self.device = response_ids.device
        self._ids = response_ids[:, -scored:]  # (1, S)
        self._response = causal.token_inputs.of(response_ids[:, :-1])  # (1, R - 1, d + e)
        # The position before the first span stays out of the prefix: where all is deleted, it is read last.
        self.start = max(0, first_removable(masked.prompt) - 1)
        length = len(masked.prompt.input_ids) + response_ids.shape[1]
        check_choices(causal.model, length, masked.operator is MaskOperator.ZERO)
        steady = length <= steady_length(causal.model)
        self.prefix = SharedPrefix(causal, masked, self.start, causal.reading.shares and steady)
        self._hides = causal.reading.hides and steady and length <= window_of(causal.model)
        self.batches = Batches(passes)
        self._found: dict[Mask, float] = {}  # what a question that is ended midway has found

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        keys = as_masks(masks)
        new = [key for key in keys if key not in self._found]
        with torch.no_grad(), fast_fp32(self.device):
            self.prefix.read()
            if self._masked.operator is not MaskOperator.DELETE and len(new) > 1:
                new = self.prefix.arrange(new, self.batch_size)
            for batch in self.batched(new):
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
        return self.causal.log_probs(embeds, self._ids, **arguments)

    @no_grad
    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at the scored positions under one mask, (S, V), nats."""
        embeds, arguments = self._inputs([mask])
        return self.causal.logits(embeds, self._ids.shape[1], **arguments)[0].float().log_softmax(-1)

    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """log p after prompts of given embeddings, (B, L, d) → (B,) fp32; differentiable."""
        inputs = self._with_response(self._masked.with_per_layer(embeds))
        return self.causal.log_probs(inputs, self._ids, use_cache=False).sum(-1)

    @cached_property
    def batch_size(self) -> int:
        """Masks that are evaluated at once."""
        positions = self._masked.embeds.shape[0] - self.start + self._response.shape[1] + 1
        rows = batch_rows(self.causal.model, positions)
        if self.causal.reading.readout is not None:
            return rows
        row = 4 * self._ids.shape[1] * self.causal.vocabulary
        return max(1, min(rows, LOGITS_BYTES // row))

    def batched(self, masks: list[Mask]) -> Iterator[Batch[list[Mask]]]:
        """Batches in the given order; of prompts of one length where deleted positions cannot be hidden."""
        size = self.batch_size
        if self._masked.operator is not MaskOperator.DELETE or self._hides:
            return self.batches.of(masks, size)
        by_length = groupby(sorted(masks, key=self._masked.length), key=self._masked.length)
        return chain.from_iterable(self.batches.of(list(group), size) for _, group in by_length)

    def _inputs(self, masks: list[Mask]) -> tuple[torch.Tensor, dict]:
        """What is left to read of masked prompts and the response, (B, L', d + e), and the arguments that
        stand for the rest."""
        self.prefix.read()
        rows = torch.tensor(masks, dtype=torch.float32, device=self.device)
        if self._masked.operator is MaskOperator.DELETE:
            return self._hidden(rows) if self._hides else self._shortened(rows)
        start, arguments = self.prefix.shared(rows)
        return self._with_response(self._masked.masked(rows)[:, start:]), arguments

    def _with_response(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.cat([inputs.to(self._response.dtype), self._response.expand(len(inputs), -1, -1)], 1)

    def _shortened(self, masks: torch.Tensor) -> tuple[torch.Tensor, dict]:
        """Prompts of one length that lack the removed positions."""
        start, arguments = self.prefix.fixed(len(masks))
        keep = self._masked.keep(masks)[:, start:] > 0.5
        keep[:, -1] |= ~keep.any(1)  # where nothing is left, one zero embedding stands in
        inputs = self._masked.masked(masks)[:, start:]
        return self._with_response(inputs[keep].view(len(masks), -1, inputs.shape[-1])), arguments

    def _hidden(self, masks: torch.Tensor) -> tuple[torch.Tensor, dict]:
        """Set removed positions before kept ones, so that rows stay equally long and the last prompt position
        is one the model reads. They are hidden from attention, and those behind them move up.

        Where nothing at all is left, one zero embedding stands in: the model must read something.
        """
        start, arguments = self.prefix.fixed(len(masks))
        inputs = self._masked.masked(masks)[:, start:]
        keep, order = self._masked.keep(masks)[:, start:].round().long().sort(dim=1, stable=True)
        keep[:, -1] = 1
        inputs = inputs.gather(1, order[..., None].expand_as(inputs))
        head, tail = (keep.new_ones(len(keep), n) for n in (start, self._response.shape[1]))
        attention = torch.cat([head, keep, tail], 1)  # (B, L + R - 1)
        positions = (attention.cumsum(1) - 1).clamp(min=0)[:, start:]
        hiding = {"attention_mask": attention, "position_ids": positions}
        return self._with_response(inputs), arguments | hiding
