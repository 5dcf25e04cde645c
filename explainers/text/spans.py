"""Units of the person's text that can be masked, found by character and tied to tokens by position."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum

import regex

from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.core.types import TokenSpan
from explainers.core.unicode import is_visible
from explainers.text.words import Chars, word_ranges

# A sentence ends with Unicode's terminators, such as . ؟ । and with what closes quotes and brackets behind
# them: before a space, but for scripts that set none.
_CLOSED = r"[\p{Pe}\p{Pf}\"']*"
_SENTENCE = regex.compile(rf"(?mw)\S.*?(?:[…\p{{STerm}}]+{_CLOSED}(?=\s|$)|[。！？｡။។៕]+{_CLOSED}|$)")

CHARS_PER_TOKEN = 4  # of English


class Granularity(StrEnum):
    TOKEN = "token"
    WORD = "word"
    SENTENCE = "sentence"


def split_spans(text: str, offsets: Sequence[Chars], granularity: Granularity) -> tuple[TokenSpan, ...]:
    """Split `text` into spans and give each the token positions it is made of.

    offsets: for each of the L positions, the characters [start, end) of `text` it stands for, an
    empty range where it stands for none. Spans that share a token become one, so that no token is
    ever half removed. White space between spans, and what else is not seen between words, belongs to
    none.
    """
    tokens = {position: strip(text, chars) for position, chars in enumerate(offsets)}
    tokens = {position: chars for position, chars in tokens.items() if chars[0] < chars[1]}
    ranges = sorted(set(tokens.values()))
    units = ranges if granularity is Granularity.TOKEN else text_units(text, granularity)
    units = _join(units, ranges)
    positions = _positions(units, tokens, offsets)
    return tuple(
        TokenSpan(text[start:end], (start, end), tuple(own))
        for (start, end), own in zip(units, positions, strict=True)
        if own
    )


def check_size(tokens: int, spans: Sequence[TokenSpan]) -> None:
    """Raise MaskwiseError where a text, with what is around it, is longer than this deployment allows."""
    here = deployment()
    if tokens > here.tokens:
        raise MaskwiseError(f"The text has {tokens:,} tokens, of {here.tokens:,} at most. Shorten it.")
    if len(spans) > here.spans:
        raise MaskwiseError(
            f"The text has {len(spans):,} parts that could be removed; up to {here.spans:,} are explained "
            "here. Shorten it, or remove whole sentences."
        )


def text_units(text: str, granularity: Granularity) -> list[Chars]:
    """Characters [start, end) of each word or sentence of `text`, whatever its tokens are."""
    if granularity is Granularity.WORD:
        words = (strip(text, chars) for chars in word_ranges(text))
        return [(start, end) for start, end in words if is_visible(text[start:end])]
    return [strip(text, match.span()) for match in _SENTENCE.finditer(text)]


def about_spans(text: str, granularity: str) -> int:
    """About how many spans a text has; tokens are guessed from its length, since no tokenizer is asked."""
    if granularity == Granularity.TOKEN:
        return 1 + len(text) // CHARS_PER_TOKEN
    return len(text_units(text, Granularity(granularity)))


def strip(text: str, chars: Chars) -> Chars:
    """The range of characters without the white space at its ends; of white space alone an empty one."""
    start, end = chars
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, max(start, end - len(piece) + len(piece.rstrip()))


def _join(units: Iterable[Chars], ranges: list[Chars]) -> list[Chars]:
    """Merge neighbouring units wherever a token reaches from one into the next. Both are sorted."""
    joined: list[Chars] = []
    seen, reach = 0, 0  # tokens that begin before the last unit's end, and how far they reach
    for start, end in units:
        while joined and seen < len(ranges) and ranges[seen][0] < joined[-1][1]:
            reach = max(reach, ranges[seen][1])
            seen += 1
        if joined and reach > start:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _positions(units: list[Chars], tokens: dict[int, Chars], offsets: Sequence[Chars]) -> list[list[int]]:
    """For each unit every token that reaches into it, and every token of white space that lies within it."""
    found: list[list[int]] = [[] for _ in units]
    ends = [end for _, end in units]
    for position, chars in enumerate(offsets):
        start, end = tokens.get(position, chars)
        unit = bisect_right(ends, start)
        if start == end or unit == len(units):
            continue
        first, last = units[unit]
        if end > first if position in tokens else first <= start and end <= last:
            found[unit].append(position)
    return found
