"""The tokens of a response that is given as text."""

from __future__ import annotations

from explainers.core.deferred_torch import torch
from explainers.targets.decoding import OnForward, greedy_tokens
from explainers.targets.response import check_context
from explainers.text.prompts import encode_response


def given_tokens(
    loaded, embeds: torch.Tensor, text: str, max_new_tokens: int, on_forward: OnForward
) -> tuple[int, ...]:
    """The text's token ids: those the model writes, where the text is its own answer, else the tokenizer's.

    A model may spell a word in other tokens than its tokenizer would, and then log p differs. Writing ends at
    the first token that departs from the text, or after max_new_tokens. embeds: of the whole prompt,
    (1, L, d).
    """
    encoded = encode_response(loaded.tokenizer, text)
    check_context(loaded, embeds.shape[1], max(len(encoded), max_new_tokens))
    return _own_tokens(loaded, embeds, text, max_new_tokens, on_forward) or encoded


def _own_tokens(loaded, embeds, text: str, most: int, on_forward: OnForward) -> tuple[int, ...]:
    """What the model writes in up to `most` tokens where that is the text, else nothing."""
    ids: list[int] = []
    for token in greedy_tokens(loaded, embeds, most, on_forward):
        ids.append(token)
        written = loaded.tokenizer.decode(ids, skip_special_tokens=True)
        if written == text:
            return tuple(ids)
        if not text.startswith(written.rstrip("\ufffd")):
            break
    return ()
