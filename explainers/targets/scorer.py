"""log p of one response after many prompts, on one model in one precision, with what they share cached."""

from __future__ import annotations

from collections.abc import Callable

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.types import Mask, Prompt
from explainers.targets.batching import batch_rows
from explainers.targets.logits import chosen, readout_of, token_log_probs
from explainers.targets.shared_prefix import (
    by_first_change,
    expanded,
    first_change,
    is_croppable,
    majority,
    saved_positions,
)

LOGITS_BYTES = 256 * 2**20

MaskedEmbeds = Callable[["torch.Tensor"], "torch.Tensor"]


class ResponseScorer:
    """Holds the keys and values of what precedes the first removable span, and those of one reference mask.

    masked_embeds: (B, T) → (B, L, d). response_ids: (1, R). start: the first position that may change.
    scored: S, how many of the last response tokens are scored, given those before them; all by default.
    """

    def __init__(
        self,
        model,
        prompt: Prompt,
        masked_embeds: MaskedEmbeds,
        response_ids: torch.Tensor,
        start: int,
        scored: int | None = None,
    ):
        self.model, self.prompt, self.start = model, prompt, start
        self._masked_embeds, self.response_length = masked_embeds, response_ids.shape[1]
        self._ids = response_ids[:, -(scored or self.response_length) :]  # (1, S)
        self._response_embeds = model.get_input_embeddings()(response_ids[:, :-1]).detach()  # (1, R-1, d)
        self._readout = readout_of(model)
        self._vocabulary = model.config.get_text_config().vocab_size
        self._prefix = None
        self._reference: Mask | None = None
        self._reference_cache = None
        self._batch: int | None = None

    def batch_size(self) -> int:
        if self._batch is None:
            positions = len(self.prompt.input_ids) - self.start + self.response_length
            self._batch = batch_rows(self.model, positions)
            if self._readout is None:
                row = 4 * self._ids.shape[1] * self._vocabulary
                self._batch = max(1, min(self._batch, LOGITS_BYTES // row))
        return self._batch

    def arrange(self, masks: list[Mask]) -> list[Mask]:
        """Order masks so that batches share more of their prompts, where that pays.

        The keys and values of a reference mask's whole prompt cost one pass over it; a batch then starts at
        the first position at which one of its masks differs from the reference.
        """
        length, cost = len(self.prompt.input_ids), len(self.prompt.input_ids) - 1 - self.start
        most, best, ordered = 0, None, masks
        for reference in {self._reference, majority(masks)} - {None} if masks else ():
            candidates = by_first_change(self.prompt, reference, masks)
            saved = saved_positions(self.prompt, reference, candidates, self.batch_size(), self.start)
            saved -= 0 if reference == self._reference else cost
            if saved > most:
                most, best, ordered = saved, reference, candidates
        if best is not None and self._can_share():
            self._set_reference(best, length - 1)
        return ordered

    def inputs(self, masks: torch.Tensor) -> tuple[torch.Tensor, dict]:
        """What is left to compute of masks whose removed spans stay in place, (B, T) → (B, L', d), and the
        arguments that stand for the rest."""
        start, cache = self._shared(masks)
        return self._masked_embeds(masks)[:, start:], self._cache_arguments(cache, len(masks), start)

    def token_log_probs(self, embeds: torch.Tensor, **arguments) -> torch.Tensor:
        """log p of each scored token after prompts, or their ends, (B, L', d) → (B, S), nats.

        Differentiable.
        """
        if self._readout is None:
            return chosen(self.logits(embeds, **arguments), self._ids.expand(len(embeds), -1))
        return token_log_probs(self._readout, self._hidden(embeds, **arguments), self._ids, self._vocabulary)

    def logits(self, embeds: torch.Tensor, **arguments) -> torch.Tensor:
        """Logits at the scored positions, (B, L', d) → (B, S, V)."""
        return self.model(logits_to_keep=self._ids.shape[1], **self._inputs(embeds), **arguments).logits

    def prefix_arguments(self, rows: int) -> dict:
        """What to pass on to a forward pass that begins at `start`."""
        return self._cache_arguments(self._common_prefix(), rows, self.start)

    def _hidden(self, embeds: torch.Tensor, **arguments) -> torch.Tensor:
        output = self.model.base_model(**self._inputs(embeds), **arguments)
        return output.last_hidden_state[:, -self._ids.shape[1] :]

    def _inputs(self, embeds: torch.Tensor) -> dict:
        response = self._response_embeds.expand(len(embeds), -1, -1)
        return {"inputs_embeds": torch.cat([embeds.to(response.dtype), response], 1)}

    def _shared(self, masks: torch.Tensor) -> tuple[int, object]:
        """The position to start at, and the cache of what lies before it."""
        if self._reference is not None:
            rows = [tuple(int(m) for m in mask) for mask in masks.tolist()]
            if (change := first_change(self.prompt, self._reference, rows)) > self.start:
                return change, self._reference_cache
        return self.start, self._common_prefix()

    def _cache_arguments(self, cache, rows: int, length: int) -> dict:
        if cache is None:
            return {"use_cache": False}
        return {"past_key_values": expanded(cache, rows, length), "use_cache": True}

    def _common_prefix(self):
        if self._prefix is None and self.start:
            keep_all = torch.ones(1, len(self.prompt.spans), device=self.model.device)
            self._prefix = self._keys_values(self._masked_embeds(keep_all)[:, : self.start], None, 0)
        return self._prefix

    def _can_share(self) -> bool:
        prefix = self._common_prefix()
        return prefix is not None and is_croppable(prefix)

    def _set_reference(self, reference: Mask, length: int) -> None:
        if reference != self._reference:
            mask = torch.tensor([reference], dtype=torch.float32, device=self.model.device)
            embeds = self._masked_embeds(mask)[:, self.start : length]
            self._reference_cache = self._keys_values(embeds, self._common_prefix(), self.start)
            self._reference = reference

    @no_grad
    def _keys_values(self, embeds: torch.Tensor, cache, length: int):
        arguments = self._cache_arguments(cache, 1, length) | {"use_cache": True}
        embeds = embeds.to(self._response_embeds.dtype)
        return self.model.base_model(inputs_embeds=embeds, **arguments).past_key_values
