"""The tokens of an answer that is given as a text."""

from __future__ import annotations

from explainers.core.deferred_torch import torch
from explainers.core.types import OnForward
from explainers.models.held import LoadedModel
from explainers.targets.decoding import greedy_tokens
from explainers.targets.response import check_context
from explainers.text.prompts import decode_answer, encode_response


def given_tokens(
    loaded: LoadedModel, embeds: torch.Tensor, text: str, max_new_tokens: int, on_forward: OnForward
) -> tuple[int, ...]:
    """The text's token ids: those the model writes, where the text is its own answer, else the tokenizer's.

    A model may spell a word in other tokens than its tokenizer would, and then log p differs. Writing ends at
    the first token that departs from the text, or after max_new_tokens. embeds: of the whole prompt,
    (1, L, d).
    """
    continues = not loaded.model.config.is_encoder_decoder
    encoded = encode_response(loaded.tokenizer, text, continues)
    check_context(loaded, embeds.shape[1], max(len(encoded), max_new_tokens))
    return _own_tokens(loaded, embeds, text, max_new_tokens, on_forward) or encoded


def _own_tokens(
    loaded: LoadedModel, embeds: torch.Tensor, text: str, most: int, on_forward: OnForward
) -> tuple[int, ...]:
    """What the model writes in up to `most` tokens where that is the text, else nothing."""
    ids: list[int] = []
    for token in greedy_tokens(loaded, embeds, most, on_forward):
        ids.append(token)
        written = decode_answer(loaded.tokenizer, ids)
        if written == text:
            return tuple(ids)
        if not text.startswith(written.rstrip("\ufffd")):
            break
    return ()
