"""Words in any script: Unicode's word boundaries, and dictionaries where a script sets no spaces."""

from __future__ import annotations

from collections.abc import Iterator

import regex

Chars = tuple[int, int]

_UNSPACED = r"(?:[\p{Han}\p{Hiragana}\p{Katakana}ーｰ\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*)+"
# Words are those between the word boundaries of Unicode's annex 29. It leaves the scripts of Chinese,
# Japanese, Thai, Lao, Khmer and Burmese to dictionaries.
_RUN = regex.compile(rf"(?V1){_UNSPACED}")
_WORD = regex.compile(rf"(?V1w)(?P<unspaced>{_UNSPACED})|\b(?!\s).+?\b|\S")
# What the words of other scripts without spaces become by those boundaries.
_NO_DICTIONARY = {
    "single characters": regex.compile(r"(?V1)[\p{Line_Break=SA}--[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"),
    "syllables": regex.compile(r"[\p{L}&&\p{Tibetan}]", regex.V1),
    "whole runs of letters": regex.compile(r"[\p{Line_Break=AK}\p{Line_Break=AS}]"),  # Javanese, Balinese …
}


def word_ranges(text: str) -> Iterator[Chars]:
    """Characters [start, end) of each word and mark of `text`, in order; white space belongs to none."""
    for match in _WORD.finditer(text):
        start = match.start()
        for word in _dictionary_words(match[0]) if match["unspaced"] else [match[0]]:
            yield start, start + len(word)
            start += len(word)


def unspaced_words(text: str) -> Iterator[Chars]:
    """Characters [start, end) of the words in scripts that set no spaces, in order."""
    for run in _RUN.finditer(text):
        start = run.start()
        for word in _dictionary_words(run[0]):
            yield start, start + len(word)
            start += len(word)


def space_words(text: str) -> str:
    """`text` with spaces around the words of scripts that set none; other scripts stay as they are."""
    return _RUN.sub(lambda run: f" {' '.join(_dictionary_words(run[0]))} ", text)


def dictionary_note(text: str) -> tuple[str, ...]:
    """A sentence where `text` holds a script without spaces and without a dictionary, such as Tai Tham."""
    return tuple(
        "Your text holds a script without spaces between words for which there is no dictionary here: its "
        f"spans are {units}."
        for units, script in _NO_DICTIONARY.items()
        if script.search(text)
    )


def _dictionary_words(run: str) -> Iterator[str]:
    from icu4py.breakers import WordBreaker  # here, because its data take a moment to load

    return iter(WordBreaker(run, "root"))  # its `segments` count UTF-16 units, not characters
