"""A causal language model that reads vectors in place of token ids, and log p of what follows them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import TYPE_CHECKING, Protocol

from explainers.core.deferred_torch import torch
from explainers.targets.causal.logits import chosen, token_log_probs
from explainers.targets.causal.reading import reading_of
from explainers.targets.causal.token_inputs import TokenInputs

if TYPE_CHECKING:
    from transformers import PreTrainedModel
    from transformers.cache_utils import Cache


class Output(Protocol):
    """What a forward pass of a causal language model gives, (B, L, V) and its cache."""

    logits: torch.Tensor
    past_key_values: Cache | None


class CausalModel:
    """log p of tokens after given inputs (see TokenInputs). `arguments` are those of its forward pass."""

    def __init__(self, model: PreTrainedModel):
        self.model, self.reading, self.token_inputs = model, reading_of(model), TokenInputs(model)
        self.vocabulary = model.config.get_text_config().vocab_size

    def log_probs(self, inputs: torch.Tensor, ids: torch.Tensor, **arguments) -> torch.Tensor:
        """log p of tokens, (1, S), at the last S positions, (B, L', d + e) → (B, S) fp32, nats.

        Differentiable. The inputs end with the last token but one, which predicts the last.
        """
        if self.reading.readout is None:
            return chosen(self.logits(inputs, ids.shape[1], **arguments), ids.expand(len(inputs), -1))
        read = self.model.base_model(**self.token_inputs.arguments(inputs), **arguments)
        hidden = read.last_hidden_state[:, -ids.shape[1] :]
        return token_log_probs(self.reading.readout, hidden, ids, self.vocabulary)

    def logits(self, inputs: torch.Tensor, count: int, **arguments) -> torch.Tensor:
        """Logits at the last `count` positions, (B, L', d + e) → (B, count, V)."""
        if self.reading.readout is None:
            return self.output(inputs, count, **arguments).logits[:, -count:]
        return self.reading.readout(self.hidden(inputs, **arguments)[:, -count:])

    def output(self, inputs: torch.Tensor, count: int, **arguments) -> Output:
        """The forward pass over (B, L', d + e), its logits at least those of the last `count` positions."""
        return self.model(**self.token_inputs.arguments(inputs), **kept(self.model, count), **arguments)

    def hidden(self, inputs: torch.Tensor, **arguments) -> torch.Tensor:
        """Last hidden states, (B, L', d + e) → (B, L', d)."""
        return self.model.base_model(**self.token_inputs.arguments(inputs), **arguments).last_hidden_state

    def keys_values(self, inputs: torch.Tensor, **arguments) -> Cache:
        """The cache of inputs, (B, L', d + e)."""
        arguments |= self.token_inputs.arguments(inputs) | {"use_cache": True}
        return self.model.base_model(**arguments).past_key_values


def kept(model: PreTrainedModel, count: int) -> dict[str, int]:
    """What asks the model for logits of the last `count` positions alone, where it can be asked."""
    return {"logits_to_keep": count} if "logits_to_keep" in _arguments(type(model).forward) else {}


@cache
def _arguments(forward: Callable) -> frozenset[str]:
    return frozenset(signature(forward).parameters)
