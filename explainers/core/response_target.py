"""log p of a response given a masked prompt, teacher forced, for causal language models."""

from __future__ import annotations

import copy

import torch

from explainers.core.errors import MaskwiseError
from explainers.core.targets import Mask, MaskOperator, Target

LOGITS_BYTES = 256 * 2**20
MAX_BATCH = 32


class ResponseTarget(Target):
    """Σ_s log p(y_s | m⊙x, y_<s), XPrompt's objective (arXiv 2405.20404, section 3).

    The keys and values of everything before the first removable position are computed once; logits
    are computed at the S response positions alone.
    """

    def __init__(self, loaded, prompt, response_ids, operator=MaskOperator.ZERO, on_forward=None):
        super().__init__(loaded, prompt, operator, on_forward)
        if not response_ids:
            raise MaskwiseError("The answer is empty, so there is nothing to explain. Change the prompt.")
        self.response_ids = tuple(response_ids)
        check_context(loaded, len(prompt.input_ids), len(response_ids))
        ids = torch.tensor([self.response_ids], device=self.device)
        self._ids = ids  # (1, S)
        self._response_embeds = self._embed(ids[:, :-1]).detach()  # (1, S-1, d)
        first = min((min(span.positions) for span in self.spans), default=0)
        self._start = max(0, first - 1)  # the position before the first span stays out of the prefix:
        self._prefix = None  # where all spans are deleted, the answer follows on it

    def log_prob_from_embeds(self, embeds):
        return self._token_log_probs(self._logits(embeds)).sum(-1)

    def token_log_probs(self, mask: Mask) -> list[float]:
        """log p of each response token under one mask, S values in nats."""
        return self._token_log_probs(self._masked_logits(mask))[0].tolist()

    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at the response positions under one mask, (S, V), nats."""
        return self._masked_logits(mask)[0].float().log_softmax(-1)

    def response_column(self) -> torch.Tensor:
        """The response's token ids, (S, 1), to gather from next-token distributions."""
        return self._ids[0, :, None]

    def kept_embeds(self, mask: Mask) -> torch.Tensor:
        """The masked prompt as the model reads it when it answers, (1, L', d)."""
        masks = self._tensor(mask)
        embeds = self.masked_embeds(masks)
        if self.operator is not MaskOperator.DELETE:
            return embeds
        kept = embeds[:, self.keep(masks)[0] > 0.5]
        return kept if kept.shape[1] else embeds[:, -1:]

    def _tensor(self, mask: Mask) -> torch.Tensor:
        return torch.tensor([mask], dtype=torch.float32, device=self.device)

    @torch.no_grad()
    def _masked_logits(self, mask: Mask) -> torch.Tensor:
        self.count(1)
        return self._cached_logits(self._tensor(mask))

    def _evaluate(self, masks):
        return self._token_log_probs(self._cached_logits(masks)).sum(-1)

    def _batch_size(self):
        row = 4 * len(self.response_ids) * self.model.config.get_text_config().vocab_size
        return max(1, min(MAX_BATCH, LOGITS_BYTES // row))

    def _cached_logits(self, masks: torch.Tensor) -> torch.Tensor:
        """Logits at the response positions, (B, T) → (B, S, V), on top of the cached prefix."""
        embeds = self.masked_embeds(masks)[:, self._start :]
        if self.operator is not MaskOperator.DELETE:
            return self._logits(embeds, **self._prefix_arguments(len(masks)))
        keep, order = self._deletion_order(masks)
        embeds = embeds.gather(1, order[..., None].expand_as(embeds))
        return self._logits(embeds, **self._prefix_arguments(len(masks)), **self._positions(keep))

    def _deletion_order(self, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Set removed positions before kept ones, so that rows stay equally long and the last prompt
        position is one the model reads: what is kept, and the order, both (B, L - start).

        Where nothing at all is left, one zero embedding stands in: the model must read something.
        """
        keep, order = self.keep(masks)[:, self._start :].round().long().sort(dim=1, stable=True)
        keep[:, -1] = 1
        return keep, order

    def _logits(self, embeds: torch.Tensor, **arguments) -> torch.Tensor:
        whole = torch.cat([embeds, self._response_embeds.expand(len(embeds), -1, -1)], 1)
        return self.model(
            inputs_embeds=whole,
            logits_to_keep=len(self.response_ids),
            use_cache="past_key_values" in arguments,
            **arguments,
        ).logits

    def _token_log_probs(self, logits: torch.Tensor) -> torch.Tensor:
        """(B, S, V) → (B, S), summed and normalised in fp32 whatever the model's precision."""
        logits = logits.float()
        chosen = logits.gather(2, self._ids[..., None].expand(len(logits), -1, -1))[..., 0]
        return chosen - logits.logsumexp(-1)

    def _prefix_arguments(self, rows: int) -> dict:
        """A fresh copy of the prefix's keys and values for a batch: a forward pass writes into it."""
        if not self._start:
            return {}
        if self._prefix is None:
            prefix = self.embeds()[None, : self._start]
            self._prefix = self.model(inputs_embeds=prefix, use_cache=True, logits_to_keep=1).past_key_values
        cache = copy.deepcopy(self._prefix)
        if rows > 1:
            cache.batch_repeat_interleave(rows)
        return {"past_key_values": cache}

    def _positions(self, keep: torch.Tensor) -> dict:
        """Hide removed positions from attention, and move up those behind them."""
        head = keep.new_ones(len(keep), self._start)
        tail = keep.new_ones(len(keep), len(self.response_ids) - 1)
        attention = torch.cat([head, keep, tail], 1)  # (B, L + S - 1)
        positions = (attention.cumsum(1) - 1).clamp(min=0)
        return {"attention_mask": attention, "position_ids": positions[:, self._start :]}


def check_context(loaded, prompt_length: int, response_length: int) -> None:
    """Raise MaskwiseError where prompt and response together exceed the model's context."""
    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    if context and prompt_length + response_length > context:
        raise MaskwiseError(
            f"The prompt ({prompt_length} tokens) and the answer ({response_length}) exceed this model's "
            f"context of {context} tokens. Shorten the prompt or ask for fewer new tokens."
        )
