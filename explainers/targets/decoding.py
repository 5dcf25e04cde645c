"""Greedy decoding from token embeddings, streamed for one prompt or at once for several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explainers.core.deferred_torch import torch
from explainers.core.types import OnForward
from explainers.models.held import LoadedModel
from explainers.targets.causal.drafting import Draft, DraftedDecoding, draft_of
from explainers.targets.causal.model import CausalModel
from explainers.targets.encoder_decoder.decoding import decoder_steps
from explainers.targets.remembered import check_finite


def greedy_tokens(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward = lambda rows: None
) -> Iterator[int]:
    """The most probable continuation of one prompt's embeddings (1, L, d), without the end token.

    Plain argmax: no repetition penalty or other processor that a model's generation settings may ask
    for, since log p(y | x) is measured under the model itself.
    """
    ends = end_tokens(loaded)
    for token in _tokens(loaded, embeds, max_new_tokens, on_forward):
        if token in ends:
            return
        yield token


def greedy_batch(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward = lambda rows: None
) -> list[tuple[int, ...]]:
    """The same for several prompts of one length, (B, L, d) → B answers."""
    ends = end_tokens(loaded)
    answers: list[list[int]] = [[] for _ in embeds]
    ended = [False] * len(embeds)
    for tokens in _steps(loaded, embeds, max_new_tokens, on_forward):
        ended = [done or token in ends for done, token in zip(ended, tokens, strict=True)]
        for answer, done, token in zip(answers, ended, tokens, strict=True):
            answer.extend([] if done else [token])
        if all(ended):
            break
    return [tuple(answer) for answer in answers]


def _tokens(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[int]:
    """The next tokens of one prompt, with a draft ahead where that is faster."""
    small = draft_of(loaded)
    if small is None:
        yield from plain_tokens(loaded, embeds, max_new_tokens, on_forward)
        return
    causal = CausalModel(loaded.model)
    draft = Draft(small, causal.token_inputs, end_tokens(loaded), on_forward)
    yield from DraftedDecoding(causal, draft, on_forward).tokens(embeds, max_new_tokens)


def plain_tokens(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[int]:
    """The next tokens of one prompt, a pass each; end tokens do not end them."""
    for (token,) in _steps(loaded, embeds, max_new_tokens, on_forward):
        yield token


def _steps(
    loaded: LoadedModel, inputs: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[list[int]]:
    """The next token of every row, a step at a time."""
    if loaded.model.config.is_encoder_decoder:
        yield from decoder_steps(loaded, inputs, max_new_tokens, on_forward)
        return
    causal, read = CausalModel(loaded.model), inputs
    arguments: dict[str, Any] = {}
    caches = causal.reading.caches
    for _ in range(max_new_tokens):
        on_forward(len(inputs))
        with torch.no_grad():
            output = causal.output(read, 1, use_cache=caches, **arguments)
            tokens = output.logits[:, -1].argmax(-1)
            written = causal.token_inputs.of(tokens[:, None])
            if caches:
                read, arguments = written, {"past_key_values": output.past_key_values}
            else:  # a model that hands on no cache reads all of it again
                read = torch.cat([read, written], 1)
        check_finite(output.logits)
        yield tokens.tolist()


def end_tokens(loaded: LoadedModel) -> set[int]:
    """Ids that end an answer: the tokenizer's and those of the model's generation settings."""
    configured = loaded.model.generation_config.eos_token_id
    configured = configured if isinstance(configured, list) else [configured]
    return {token for token in (*configured, loaded.tokenizer.eos_token_id) if token is not None}
