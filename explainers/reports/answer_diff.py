"""The answer before and after, side by side, with the words lost and the words new."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from itertools import groupby

from explainers.text.words import unspaced_words

NOT_WRITTEN = "Not written: the run ended before."
LITTLE = 0.3  # of the shorter answer's words: where less is shared, marking what is not would mark nearly all


def diff_words(original: str | None, masked: str | None = None) -> dict:
    """{"original": [[kind, text]], "masked": [[kind, text]], "lost": int, "added": int}.

    kind is "same", "lost" (in original only) or "new" (in masked only); the texts of a side join to that
    answer. An answer not yet written is None, and the other side is then all "same". lost and added count
    words. Of two answers that share almost nothing, or of which one has no words but signs such as emoji, the
    words shared are marked instead: kind is "shared" or "own", and "shared" counts them.
    """
    if original is None or masked is None:
        sides = [None if text is None else _merge([("same", text)]) for text in (original, masked)]
        return {"original": sides[0], "masked": sides[1], "lost": 0, "added": 0}
    before, after = split_words(original), split_words(masked)
    kept_before, kept_after = _kept(before, after)
    counts = {"lost": _count(before, kept_before), "added": _count(after, kept_after)}
    shared = _words(before) - counts["lost"]
    fewest = min(_words(before), _words(after))
    if shared < LITTLE * fewest or (not fewest and before and after and before != after):
        sides = [_merge(_marked(before, kept_before)), _merge(_marked(after, kept_after))]
        return {"original": sides[0], "masked": sides[1], **counts, "shared": shared}
    sides = [_merge(_spread(before, kept_before, "lost")), _merge(_spread(after, kept_after, "new"))]
    return {"original": sides[0], "masked": sides[1], **counts}


def rewritten(explanation: dict) -> str | None:
    """The answer without the removed words, as far as it was written; None where a Stop came before it."""
    text = explanation["masked_response"]
    return None if explanation["stopped"] and not text else text


def split_words(text: str) -> list[str]:
    """Words, runs of white space and runs of punctuation, in order; they join to `text`."""
    word_at = {place: f"word {start}" for start, end in unspaced_words(text) for place in range(start, end)}
    kinds, kind = [], ""
    for place, char in enumerate(text):
        kind = word_at.get(place) or _kind(char, kind)
        kinds.append(kind)
    runs = groupby(zip(kinds, text, strict=True), key=lambda pair: pair[0])
    return ["".join(char for _, char in run) for _, run in runs]


def _kind(char: str, before: str) -> str:
    """Class of a character after one of class `before`."""
    category = unicodedata.category(char)
    if char.isspace():
        return "space"
    if before and before != "space" and (category[0] == "M" or category == "Cf"):
        return before  # accents, joiners and variation selectors belong to what they follow
    if char in "'’" and before == "word":
        return "word"
    return "mark" if category[0] in "PS" else "word"


def _kept(before: list[str], after: list[str]) -> tuple[set[int], set[int]]:
    """Places of both lists that match. White space is left out: it would match everywhere."""
    a, b = ([i for i, piece in enumerate(side) if not piece.isspace()] for side in (before, after))
    matcher = SequenceMatcher(None, [before[i] for i in a], [after[i] for i in b], autojunk=False)
    pairs = [(a[i + n], b[j + n]) for i, j, size in matcher.get_matching_blocks() for n in range(size)]
    return {i for i, _ in pairs}, {j for _, j in pairs}


def _spread(pieces: list[str], kept: set[int], changed: str) -> list[tuple[str, str]]:
    """A kind for each piece; white space is changed only between two changed pieces."""
    gone = [not piece.isspace() and i not in kept for i, piece in enumerate(pieces)]
    for i in range(1, len(pieces) - 1):
        if pieces[i].isspace():
            gone[i] = gone[i - 1] and gone[i + 1]
    return [(changed if is_gone else "same", piece) for is_gone, piece in zip(gone, pieces, strict=True)]


def _marked(pieces: list[str], kept: set[int]) -> list[tuple[str, str]]:
    """A kind for each piece: words that both have are "shared", and so is white space between two of them."""
    shared = [i in kept and _is_word(piece) for i, piece in enumerate(pieces)]
    for i in range(1, len(pieces) - 1):
        if pieces[i].isspace():
            shared[i] = shared[i - 1] and shared[i + 1]
    return [("shared" if both else "own", piece) for both, piece in zip(shared, pieces, strict=True)]


def _merge(pieces: list[tuple[str, str]]) -> list[list[str]]:
    runs = groupby((p for p in pieces if p[1]), key=lambda piece: piece[0])
    return [[kind, "".join(text for _, text in run)] for kind, run in runs]


def _count(pieces: list[str], kept: set[int]) -> int:
    return sum(i not in kept and _is_word(piece) for i, piece in enumerate(pieces))


def _words(pieces: list[str]) -> int:
    return sum(map(_is_word, pieces))


def _is_word(piece: str) -> bool:
    return any(char.isalnum() for char in piece)
