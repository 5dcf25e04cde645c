"""Greedy answers of an encoder–decoder model."""

from __future__ import annotations

from collections.abc import Iterator

from explainers.core.deferred_torch import torch
from explainers.core.types import OnForward
from explainers.models.loaded import LoadedModel
from explainers.targets.answers.settings import banned_tokens, most_probable
from explainers.targets.encoder_decoder.reading import encoded, reading_of, start_ids
from explainers.targets.remembered import check_finite


def decoder_steps(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[list[int]]:
    """The most probable next token of every row, a step at a time. embeds: of encoder prompts, (B, L, d)."""
    model, cache, caches = loaded.model, None, reading_of(loaded.model).caches
    banned = banned_tokens(model)
    ids = read = start_ids(model).expand(len(embeds), -1)
    with torch.inference_mode():
        prompts = encoded(model, embeds)
    for _ in range(max_new_tokens):
        on_forward(len(embeds))
        with torch.inference_mode():
            output = model(
                encoder_outputs=prompts, decoder_input_ids=read, past_key_values=cache, use_cache=caches
            )
            check_finite(output.logits[:, -1])
            tokens = most_probable(output.logits[:, -1], banned)
            ids = torch.cat([ids, tokens[:, None]], 1)
            cache, read = (output.past_key_values, ids[:, -1:]) if caches else (None, ids)
        yield tokens.tolist()
