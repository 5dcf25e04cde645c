"""Greedy decoding, a token at a time, from token embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from explainers.core.models import LoadedModel


@torch.inference_mode()
def greedy_tokens(
    loaded: LoadedModel,
    embeds: torch.Tensor,
    max_new_tokens: int,
    on_forward: Callable[[int], None] = lambda rows: None,
) -> Iterator[int]:
    """The most probable continuation of a prompt's embeddings (1, L, d), without the end token.

    Plain argmax: no repetition penalty or other processor that a model's generation settings may ask
    for, since log p(y | x) is measured under the model itself.
    """
    ends, cache = end_tokens(loaded), None
    inputs = {"inputs_embeds": embeds}
    for _ in range(max_new_tokens):
        on_forward(1)
        output = loaded.model(**inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache, token = output.past_key_values, output.logits[0, -1].argmax()
        if token.item() in ends:
            return
        yield token.item()
        inputs = {"input_ids": token.view(1, 1)}


def end_tokens(loaded: LoadedModel) -> set[int]:
    """Ids that end an answer: the tokenizer's and those of the model's generation settings."""
    configured = loaded.model.generation_config.eos_token_id
    configured = configured if isinstance(configured, list) else [configured]
    return {token for token in (*configured, loaded.tokenizer.eos_token_id) if token is not None}
