"""What a model reads at a position: a word embedding and, in some kinds, more that the token's id decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BASE = 256


class TokenInputs:
    """Token ids as the vectors that a model reads: d values of the word embedding, then e of what else it
    reads of a word: per-layer inputs (Gemma 3n, Gemma 4), or the id itself (Qwen 4, which looks up words
    together with those before them). e is 0 elsewhere. So both are cut, ordered and repeated together."""

    def __init__(self, model: PreTrainedModel):
        self._embed = model.get_input_embeddings()
        self._per_layer = _per_layer_lookup(model)
        self._config = model.config.get_text_config()
        self._reads_ids = bool(getattr(self._config, "ple_layer_ids", None))

    def of(self, ids: torch.Tensor) -> torch.Tensor:
        """(…, L) → (…, L, d + e)."""
        embeds = self._embed(ids).detach()
        if self._reads_ids:
            return torch.cat([embeds, digits(ids).to(embeds)], -1)
        if self._per_layer is None:
            return embeds
        return torch.cat([embeds, self._per_layer(input_ids=ids).detach().flatten(-2).to(embeds.dtype)], -1)

    def embeds(self, ids: torch.Tensor) -> torch.Tensor:
        """The word embeddings alone, (…, L) → (…, L, d)."""
        return self._embed(ids).detach()

    def arguments(self, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Arguments of the model's forward pass, from (B, L, d + e): a copy, since some kinds write to it
        (CTRL scales it in place)."""
        inputs, width = inputs.clone(), self._config.hidden_size
        if self._reads_ids:
            return {"inputs_embeds": inputs[..., :width], "ple_input_ids": number(inputs[..., width:])}
        if self._per_layer is None:
            return {"inputs_embeds": inputs}
        per_layer = inputs[..., width:].unflatten(-1, (self._config.num_hidden_layers, -1))  # e = layers · n
        return {"inputs_embeds": inputs[..., :width], "per_layer_inputs": per_layer}


def digits(ids: torch.Tensor) -> torch.Tensor:
    """Three digits of each id, (…, L) → (…, L, 3): numbers that half precision holds, too."""
    return torch.stack([ids // BASE**2, ids // BASE % BASE, ids % BASE], -1)


def number(digits: torch.Tensor) -> torch.Tensor:
    """The ids of such digits, (…, L, 3) → (…, L)."""
    high, middle, low = digits.detach().round().long().unbind(-1)
    return (high * BASE + middle) * BASE + low


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
