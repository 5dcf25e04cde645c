"""Text as it may come from anywhere, made whole at the boundary."""

from __future__ import annotations

from typing import Any
from unicodedata import normalize

import regex

# Marks alone, and SentencePiece's sign of a space, say nothing either.
_VISIBLE = regex.compile(r"(?V1)[\p{L}\p{N}\p{P}\p{S}\p{Co}--[\p{Default_Ignorable_Code_Point}\u2800▁]]")
_UNSEEN = regex.compile(r"[\p{C}\p{Default_Ignorable_Code_Point}\u2800]")
_SIGNS = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥"})
_HEAPED = regex.compile(r"(\p{M}{2})\p{M}+")  # marks one above the other, into other lines


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


def visible_name(text: str) -> str:
    """`text` in one line, to name it by; white space alone as signs that stand for it."""
    return " ".join(text.split()) or repr(text.translate(_SIGNS))[1:-1] or "(no text)"


def nickname(text: str, most: int) -> str:
    """What is seen of `text`, in one line of at most `most` characters; "" where nothing is.

    Letters that look alike by their width or form are one, so that nobody takes another's name in that way.
    """
    line = " ".join(normalize("NFKC", whole_characters(text)).split())
    seen = " ".join(_HEAPED.sub(r"\1", _UNSEEN.sub("", line)).split())[:most].strip()
    return seen if is_visible(seen) else ""


def is_visible(text: str) -> bool:
    """Whether anything of `text` is seen: white space, joiners and fillers are not."""
    return bool(_VISIBLE.search(text))
