"""Text as it may come from anywhere, made whole at the boundary."""

from __future__ import annotations

from typing import Any


def whole_characters(value: Any) -> Any:
    """`value` with U+FFFD for each half of a surrogate pair, in it and in all that it holds.

    Half a pair comes from text that was cut between two of JavaScript's units. No file, page or tokenizer
    takes it.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {whole_characters(key): whole_characters(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(whole_characters, value))
    return value
