"""log p of models that read the prompt in an encoder and write with a decoder (T5, BART).

Spans stand in the encoder's prompt; the objective is that of decoders, Σ_s log p(y_s | m⊙x, y_<s).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.base import as_masks
from explainers.targets.batching import LOGITS_BYTES, Batch, Batches, Passes, batch_rows
from explainers.targets.causal.logits import chosen
from explainers.targets.encoder_decoder.reading import encoded, reading_of, start_ids
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class EncoderDecoderScorer:
    """A Scorer of the last `scored` tokens of a response, response_ids (1, R), given those before them.

    Nothing is shared between masks: each changes what the encoder reads. A prompt with spans deleted is read
    as the shorter prompt that it is.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        masked: MaskedPrompt,
        response_ids: torch.Tensor,
        scored: int,
        passes: Passes,
    ):
        self.model, self._masked, self._passes = model, masked, passes
        self.device = response_ids.device
        self._ids = response_ids[:, -scored:]  # (1, S)
        self._decoder_ids = torch.cat([start_ids(model), response_ids[:, :-1]], 1)  # (1, P + R - 1)
        self.batches = Batches(passes)

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        keys = as_masks(masks)
        found: dict[Mask, float] = {}
        with torch.no_grad(), fast_fp32(self.device):
            for batch in self.batched(list(set(keys))):
                with batch:
                    self._passes.announce(len(batch.items))
                    values = self.token_log_probs(batch.items).sum(-1)
                    found.update(zip(batch.items, values.tolist(), strict=True))
        return torch.tensor([found[key] for key in keys], dtype=torch.float64)

    def batched(self, masks: list[Mask]) -> Iterator[Batch[list[Mask]]]:
        """Batches of prompts of one length."""
        for _, alike in groupby(sorted(masks, key=self._length), key=self._length):
            yield from self.batches.of(list(alike), self.batch_size)

    def token_log_probs(self, masks: list[Mask]) -> torch.Tensor:
        """log p of each scored token, B masks → (B, S) fp32, nats. The masks leave prompts of one length."""
        return self._log_probs(self._read(masks))

    @no_grad
    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at the scored positions under one mask, (S, V), nats."""
        return self._logits(self._read([mask]))[0].float().log_softmax(-1)

    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """log p after prompts of given embeddings, (B, L, d) → (B,) fp32; differentiable."""
        return self._log_probs(embeds).sum(-1)

    @cached_property
    def batch_size(self) -> int:
        """Masks that are evaluated at once."""
        positions = self._masked.embeds.shape[0] + self._decoder_ids.shape[1]
        row = 4 * self._decoder_ids.shape[1] * reading_of(self.model).vocabulary
        return max(1, min(batch_rows(self.model, positions), LOGITS_BYTES // row))

    def _length(self, mask: Mask) -> int:
        """Positions that the encoder reads."""
        if self._masked.operator is MaskOperator.DELETE:
            return self._masked.length(mask)
        return self._masked.embeds.shape[0]

    def _read(self, masks: list[Mask]) -> torch.Tensor:
        """The masked prompts, (B, L', d); where nothing is left, one zero embedding stands in."""
        rows = torch.tensor(masks, dtype=torch.float32, device=self.device)
        embeds = self._masked.masked(rows)
        if self._masked.operator is not MaskOperator.DELETE:
            return embeds
        kept = self._masked.keep(rows) > 0.5
        kept[:, -1] |= ~kept.any(1)
        return embeds[kept].view(len(masks), -1, embeds.shape[-1])

    def _log_probs(self, embeds: torch.Tensor) -> torch.Tensor:
        return chosen(self._logits(embeds), self._ids.expand(len(embeds), -1))

    def _logits(self, embeds: torch.Tensor) -> torch.Tensor:
        """Logits at the scored positions, (B, L', d) → (B, S, V)."""
        ids = self._decoder_ids.expand(len(embeds), -1)
        output = self.model(
            encoder_outputs=encoded(self.model, embeds), decoder_input_ids=ids, use_cache=False
        )
        return output.logits[:, -self._ids.shape[1] :]


def check_decoder_only(model: PreTrainedModel, title: str) -> None:
    """Raise MaskwiseError for a model with an encoder, which a method cannot explain."""
    if model.config.is_encoder_decoder:
        raise MaskwiseError(
            f"{title} reads prompt and answer as one text, and this model reads the prompt in an encoder of "
            "its own. Choose another method."
        )
