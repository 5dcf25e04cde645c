"""Label words: reading them, and finding the token that each one is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import dropwhile
from typing import Any

from explainers.core.errors import MaskwiseError, shown
from explainers.core.unicode import is_visible
from explainers.text.prompts import encode_plain
from explainers.verbalizers.base import WordVerbalizer

MIN_LABELS, MAX_LABELS = 2, 50
MAX_LABEL_CHARS, MAX_WORDS = 60, 2000
SHOWN = 5
WHOLE = ", or choose the verbalizer whole_words, which reads all tokens of a word"
COMMAS = re.compile("[,،、，]")  # also those of Arabic, Chinese and Japanese

LabelWords = dict[str, list[str]]


def read_label_words(values) -> LabelWords:
    """Check untrusted label words: label → words, as a list or as text with commas between.

    Repeated words are kept once; a label without words is its own word (see named_notes). Raises
    MaskwiseError, also where all that is given as words, or as a name, cannot be seen.
    """
    if not isinstance(values, dict) or not MIN_LABELS <= len(values) <= MAX_LABELS:
        raise MaskwiseError(
            f"label_words must name {MIN_LABELS} to {MAX_LABELS} classes with their words, such as "
            '{"sports": ["football", "team"], "science": ["physics"]}.'
        )
    cleaned = {_clean(label, "A class name"): _read_words(label, words) for label, words in values.items()}
    if len(cleaned) < len(values):
        raise MaskwiseError("Two classes have the same name. Rename one of them.")
    return cleaned


def split_words(text: str) -> list[str]:
    """What stands between the commas, white space around it left out; none where the text is empty."""
    return [word.strip() for word in COMMAS.split(text)] if text else []


def named_notes(values: dict[str, Any]) -> tuple[str, ...]:
    """A sentence where classes have no label words, so that each is read through its own name."""
    names = [label.strip() for label, words in values.items() if not words]
    return (f"Classes without label words, read through their own names: {shorten(names)}.",) if names else ()


def _read_words(label: str, words) -> list[str]:
    if isinstance(words, str):
        words = split_words(words)
    if not isinstance(words, list | tuple) or len(words) > MAX_WORDS:
        raise MaskwiseError(f"The words of class {shown(label)} must be a list of at most {MAX_WORDS} words.")
    if not all(isinstance(word, str) for word in words):
        raise MaskwiseError(f"The words of class {shown(label)} must be text.")
    if not words:
        return [_clean(label, "A class name").lower()]
    if all(not word.strip() for word in words):
        raise MaskwiseError(
            f"The words of class {shown(label)} are nothing but space. Give it a word, or leave them out: "
            "the class's name is its word then."
        )
    return list(dict.fromkeys(_clean(word, "A label word") for word in words if word.strip()))


def _clean(text, what: str) -> str:
    text = text.strip() if isinstance(text, str) else ""
    if not text or len(text) > MAX_LABEL_CHARS:
        raise MaskwiseError(f"{what} must be text of 1 to {MAX_LABEL_CHARS} characters.")
    if not is_visible(text):
        raise MaskwiseError(
            f"{what}, {ascii(text):.40}, holds nothing that can be seen. Give a word, or leave it out."
        )
    return text


def find_label(label, labels: Sequence[str]) -> str:
    """The class of that name, else the first that differs in case alone. Raises MaskwiseError for none."""
    wanted = label.strip() if isinstance(label, str) else ""
    if wanted in labels:
        return wanted
    for name in labels:
        if wanted.casefold() == name.casefold():
            return name
    raise MaskwiseError(f"{shown(label)} is none of the classes. Choose one of: {', '.join(labels)}.")


def word_tokens(tokenizer, word: str) -> list[int]:
    """Tokens of a word as it stands within a sentence, with the space before it.

    A token that is nothing but that space, SentencePiece's bare "▁", says nothing of the word: it is left
    out. Empty where nothing else is left.
    """
    tokens = list(encode_plain(tokenizer, f" {word}").input_ids)
    return list(dropwhile(lambda token: not tokenizer.decode([token]).strip(), tokens))


def is_known(loaded, tokens: Sequence[int]) -> bool:
    """Whether a word of these tokens can be read at the first of them."""
    unknown = loaded.tokenizer.unk_token_id
    return bool(tokens) and tokens[0] != unknown and loaded.embeds(tokens[:1])


def build_word_verbalizer(loaded, label_words: LabelWords, prior=None, notes=()) -> WordVerbalizer:
    """The given words, each read at its first token (as KPT's manual verbalizer reads them); words unknown to
    the vocabulary are dropped. The notes say both.

    prior: (V,), taken off the logits. Raises MaskwiseError where a class is left without words, or where
    two classes are the same tokens.
    """
    ids, words, unknown, split = [], [], [], []
    for label, of_class in label_words.items():
        read = {word: word_tokens(loaded.tokenizer, word) for word in of_class}
        known = {word: tokens for word, tokens in read.items() if is_known(loaded, tokens)}
        first: dict[int, str] = {}
        for word, tokens in known.items():
            first.setdefault(tokens[0], word)
        if not first:
            raise unknown_words(label, loaded.title)
        unknown += [word for word in read if word not in known]
        split += [word for word, tokens in known.items() if len(tokens) > 1]
        ids.append(tuple(first))
        words.append(tuple(first.values()))
    check_distinct(list(label_words), ids, WHOLE if split else "")
    return WordVerbalizer(list(label_words), words, ids, prior, [*notes, *_reading_notes(split, unknown)])


def _reading_notes(split: Sequence[str], unknown: Sequence[str]) -> list[str]:
    """What a reader must know of words of several tokens and of unknown ones, in sentences."""
    several = (
        f"Read by their first token, being several tokens: {shorten(split)}. The verbalizer whole_words "
        "reads all of their tokens."
    )
    left_out = f"Left out, being unknown to this model: {shorten(unknown)}."
    return [several] * bool(split) + [left_out] * bool(unknown)


def unknown_words(label: str, model: str) -> MaskwiseError:
    return MaskwiseError(
        f"None of the label words of {shown(label)} are in the vocabulary of {model}. Try others."
    )


def check_distinct(labels: Sequence[str], ids: Sequence[Sequence], otherwise: str = "") -> None:
    """Raise MaskwiseError where two classes are read through the same tokens. otherwise: what helps, too."""
    seen: dict[frozenset, str] = {}
    for label, of_class in zip(labels, ids, strict=True):
        if other := seen.get(frozenset(of_class)):
            raise MaskwiseError(
                f"The classes {other!r} and {label!r} have the same label words, or words that begin with "
                f"the same token, so nothing can tell them apart. Change one of them{otherwise}."
            )
        seen[frozenset(of_class)] = label


def shorten(words: Sequence[str], most: int = SHOWN) -> str:
    """The first few words, and how many more there are."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")
