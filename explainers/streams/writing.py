"""An answer as it is written, token by token: an event of its text after each."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from explainers.core.deferred_torch import torch
from explainers.core.types import OnForward
from explainers.models.loaded import LoadedModel
from explainers.streams.events.generation import MaskedResponseEvent, ResponseEvent
from explainers.targets.answers.decoding import greedy_tokens
from explainers.text.prompts import decode_answer

Written = TypeVar("Written")


def write_answer(
    loaded: LoadedModel,
    embeds: torch.Tensor,
    max_new_tokens: int,
    on_forward: OnForward,
    told: Callable[[str], Written],
) -> Generator[Written, None, tuple[int, ...]]:
    """Stream a greedy continuation; returns its token ids. embeds: (1, L, d). told: an event of its text."""
    ids: list[int] = []
    for token in greedy_tokens(loaded, embeds, max_new_tokens, on_forward):
        ids.append(token)
        yield told(decode_answer(loaded.tokenizer, ids))
    return tuple(ids)


def response_event(text: str) -> ResponseEvent:
    return {"type": "response", "text": text}


def masked_response_event(text: str) -> MaskedResponseEvent:
    return {"type": "masked_response", "text": text}
