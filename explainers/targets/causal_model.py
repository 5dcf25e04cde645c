"""A causal language model that reads embeddings, and what of it can be computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch
from explainers.targets.logits import chosen, readout_of, token_log_probs

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.cache_utils import Cache


class CausalModel:
    """log p of tokens that follow given embeddings. `arguments` are those of the model's own forward pass."""

    def __init__(self, model: PreTrainedModel):
        self.model, self.readout = model, readout_of(model)
        self.vocabulary = model.config.get_text_config().vocab_size

    def embeds(self, ids: torch.Tensor) -> torch.Tensor:
        """Word embeddings of token ids, (B, L) → (B, L, d)."""
        return self.model.get_input_embeddings()(ids).detach()

    def log_probs(self, embeds: torch.Tensor, ids: torch.Tensor, **arguments) -> torch.Tensor:
        """log p of tokens, (1, S), at the last S positions, (B, L', d) → (B, S) fp32, nats; differentiable.

        The embeddings end with the last token but one, which predicts the last.
        """
        if self.readout is None:
            return chosen(self.logits(embeds, ids.shape[1], **arguments), ids.expand(len(embeds), -1))
        output = self.model.base_model(inputs_embeds=embeds, **arguments)
        hidden = output.last_hidden_state[:, -ids.shape[1] :]
        return token_log_probs(self.readout, hidden, ids, self.vocabulary)

    def logits(self, embeds: torch.Tensor, count: int, **arguments) -> torch.Tensor:
        """Logits at the last `count` positions, (B, L', d) → (B, count, V)."""
        return self.model(inputs_embeds=embeds, logits_to_keep=count, **arguments).logits

    def keys_values(self, embeds: torch.Tensor, **arguments) -> Cache:
        """The cache of embeddings, (B, L', d)."""
        return self.model.base_model(inputs_embeds=embeds, use_cache=True, **arguments).past_key_values
