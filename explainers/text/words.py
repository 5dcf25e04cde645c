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
_NO_DICTIONARY = regex.compile(r"(?V1)[\p{Line_Break=SA}--[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]")


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
    if not _NO_DICTIONARY.search(text):
        return ()
    return (
        "Your text holds a script without spaces between words for which there is no dictionary here: its "
        "spans are single characters.",
    )


def _dictionary_words(run: str) -> Iterator[str]:
    from icu4py.breakers import WordBreaker  # here, because its data take a moment to load

    return iter(WordBreaker(run, "root"))  # its `segments` count UTF-16 units, not characters
