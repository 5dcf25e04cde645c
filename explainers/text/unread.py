"""What of a text a model does not read, in sentences: tokens that it does not know, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence

from explainers.core.unicode import is_visible
from explainers.text.words import Chars

LITTLE = 0.25  # share of tokens unknown to the model from which that is said
MOST_NAMED = 20  # characters
FOR_THIS = "Choose a model for this language or script."


def unknown_note(tokenizer, ids: Sequence[int]) -> tuple[str, ...]:
    """A sentence where the model knows little of a text of these tokens."""
    unknown = list(ids).count(tokenizer.unk_token_id)
    if unknown < max(1, LITTLE * len(ids)):
        return ()
    counted = _count(unknown, len(ids))
    return (f"{counted} unknown to this model: it reads one and the same sign for each. {FOR_THIS}",)


def unknown_answer_note(tokenizer, ids: Sequence[int]) -> tuple[str, ...]:
    """A sentence where a given answer holds tokens that the model does not know."""
    if not (unknown := list(ids).count(tokenizer.unk_token_id)):
        return ()
    return (
        f"Of the given answer, {_count(unknown, len(ids))} unknown to this model: log p is that of the sign "
        "that stands for each, not of the words.",
    )


def left_out_note(text: str, offsets: Sequence[Chars]) -> tuple[str, ...]:
    """A sentence where the tokenizer drops what is seen of a text. offsets: the characters of each token."""
    read = {place for start, end in offsets for place in range(start, end)}
    missing = [letter for place, letter in enumerate(text) if place not in read and is_visible(letter)]
    if not missing:
        return ()
    named = " ".join(missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
    characters = f"{len(missing)} characters" if len(missing) > 1 else "1 character"
    return (
        f"This model's tokenizer leaves out {characters} of the text, which it does not know: {named}. The "
        f"model does not read them. {FOR_THIS}",
    )


def _count(unknown: int, tokens: int) -> str:
    return f"{unknown} of {tokens} {'tokens are' if tokens > 1 else 'token is'}"
