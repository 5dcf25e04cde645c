"""Units of the person's text that can be masked, found by character and tied to tokens by position."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import regex

from explainers.core.types import TokenSpan

Chars = tuple[int, int]

# Words are those between the word boundaries of Unicode's annex 29, which serve every script.
WORD = regex.compile(r"(?V1w)\b(?!\s).+?\b|\S")
SENTENCE = regex.compile(r"\S(?:[^\n]*?[.!?…]+[\"'”’)\]]*(?=\s|$)|[^\n]*?[。！？]+|[^\n]*)")


class Granularity(StrEnum):
    TOKEN = "token"
    WORD = "word"
    SENTENCE = "sentence"


def split_spans(text: str, offsets: Sequence[Chars], granularity: Granularity) -> tuple[TokenSpan, ...]:
    """Split `text` into spans and give each the token positions it is made of.

    offsets: for each of the L positions, the characters [start, end) of `text` it stands for, an
    empty range where it stands for none. Spans that share a token become one, so that no token is
    ever half removed. White space between spans belongs to none.
    """
    tokens = {position: _strip(text, chars) for position, chars in enumerate(offsets)}
    tokens = {position: chars for position, chars in tokens.items() if chars[0] < chars[1]}
    if granularity is Granularity.TOKEN:
        units = sorted(set(tokens.values()))
    else:
        pattern = WORD if granularity is Granularity.WORD else SENTENCE
        units = [_strip(text, match.span()) for match in pattern.finditer(text)]
    blanks = {position: chars for position, chars in enumerate(offsets) if position not in tokens}
    spans = (_span(text, unit, tokens, blanks) for unit in _join(units, tokens.values()))
    return tuple(span for span in spans if span.positions)


def _strip(text: str, chars: Chars) -> Chars:
    start, end = chars
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), max(start, end - len(piece) + len(piece.rstrip()))


def _join(units: list[Chars], tokens) -> list[Chars]:
    """Merge neighbouring units wherever a token reaches from one into the next."""
    ranges = sorted(tokens)
    joined: list[Chars] = []
    for unit in units:
        if joined and any(start < joined[-1][1] and end > unit[0] for start, end in ranges):
            joined[-1] = (joined[-1][0], max(joined[-1][1], unit[1]))
        else:
            joined.append(unit)
    return joined


def _span(text: str, unit: Chars, tokens: dict[int, Chars], blanks: dict[int, Chars]) -> TokenSpan:
    """The unit with every token that reaches into it, and every token of white space that lies within it."""
    first, last = unit
    positions = [p for p, (start, end) in tokens.items() if start < last and end > first]
    positions += [p for p, (start, end) in blanks.items() if first <= start < end <= last]
    return TokenSpan(text[first:last], unit, tuple(sorted(positions)))
