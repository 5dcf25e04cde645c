"""Temporary changes to how a model computes, undone when their block ends, even by an error.

None of these blocks may span a `yield`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from explainers.core.deferred_torch import torch

_SWITCHING = RLock()  # two runs on one model would otherwise restore each other's setting


@contextmanager
def eager_attention(model) -> Iterator[None]:
    """Compute attention probabilities as tensors of their own, which fused kernels never do."""
    with _SWITCHING:
        before = model.config._attn_implementation
        model.set_attn_implementation("eager")
        try:
            yield
        finally:
            model.set_attn_implementation(before)


def mlm_logits(model, hidden: torch.Tensor) -> torch.Tensor:
    """What the model's MLM head makes of hidden states, (B, L, d) → (B, L, V), whatever the head is called.

    The encoder runs on one position, and its output is exchanged for `hidden` before the head reads it.
    """

    def exchange(module, arguments, output):
        output.last_hidden_state = hidden
        return output

    handle = model.base_model.register_forward_hook(exchange)
    try:
        return model(inputs_embeds=hidden.new_zeros(1, 1, model.get_input_embeddings().embedding_dim)).logits
    finally:
        handle.remove()
