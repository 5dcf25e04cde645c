"""A masked language model as two functions: its encoder, and the head that turns hidden states to logits."""

from __future__ import annotations

from threading import Lock
from weakref import WeakKeyDictionary

import torch
from transformers.modeling_outputs import BaseModelOutput

from explainers.models.copies.variants import with_module

_making = Lock()
_halves: WeakKeyDictionary = WeakKeyDictionary()


class Halves:
    """encoder: hidden states (B, L, d) from word embeddings or ids, as the model's own encoder gives them."""

    def __init__(self, model):
        decoder = model.get_output_embeddings()
        path = next(name for name, module in model.named_modules() if module is decoder)
        self.encoder = model.base_model
        self._head = with_module(model, model.base_model_prefix, _Given())
        self._before_decoder = with_module(self._head, path, torch.nn.Identity())

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """What the head makes of hidden states, (B, L, d) → (B, L, V)."""
        return self._head(inputs_embeds=hidden).logits

    def before_decoder(self, hidden: torch.Tensor) -> torch.Tensor:
        """What the head's last layer, the decoder, reads: (B, L, d) → (B, L, e)."""
        return self._before_decoder(inputs_embeds=hidden).logits


class _Given(torch.nn.Module):
    """Stands where the encoder was: the hidden states are those that it is given."""

    def forward(self, input_ids=None, inputs_embeds=None, **_):
        return BaseModelOutput(last_hidden_state=inputs_embeds)


def halves_of(model) -> Halves:
    """The halves, made once and kept as long as the model. Whether they give its logits must be tried."""
    with _making:
        if model not in _halves:
            _halves[model] = Halves(model)
        return _halves[model]
