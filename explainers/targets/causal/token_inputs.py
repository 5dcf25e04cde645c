"""What a model reads at a position: a word embedding and, in some kinds, more that the token's id decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class TokenInputs:
    """Token ids as the vectors that a model reads: d values of the word embedding, then e of the per-layer
    inputs (Gemma 3n, Gemma 4; e is 0 elsewhere). So both are cut, ordered and repeated together."""

    def __init__(self, model: PreTrainedModel):
        self._embed = model.get_input_embeddings()
        self._per_layer = _per_layer_lookup(model)
        self._config = model.config.get_text_config()

    def of(self, ids: torch.Tensor) -> torch.Tensor:
        """(…, L) → (…, L, d + e)."""
        embeds = self._embed(ids).detach()
        if self._per_layer is None:
            return embeds
        return torch.cat([embeds, self._per_layer(input_ids=ids).detach().flatten(-2).to(embeds.dtype)], -1)

    def embeds(self, ids: torch.Tensor) -> torch.Tensor:
        """The word embeddings alone, (…, L) → (…, L, d)."""
        return self._embed(ids).detach()

    def arguments(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Arguments of the model's forward pass, from (B, L, d + e)."""
        if self._per_layer is None:
            return {"inputs_embeds": inputs}
        width = self._config.hidden_size
        per_layer = inputs[..., width:].unflatten(-1, (self._config.num_hidden_layers, -1))  # e = layers · n
        return {"inputs_embeds": inputs[..., :width], "per_layer_inputs": per_layer}


def _per_layer_lookup(model: PreTrainedModel):
    if not getattr(model.config.get_text_config(), "hidden_size_per_layer_input", None):
        return None
    return next(
        (
            module.get_per_layer_inputs
            for module in model.modules()
            if hasattr(module, "get_per_layer_inputs")
        ),
        None,
    )
