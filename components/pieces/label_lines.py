"""Classes with their words, or with labelled texts, as lines that a person can edit: "Class: …"."""

from __future__ import annotations

import re

from explainers.core.errors import MaskwiseError, shown
from explainers.core.unicode import whole_characters
from explainers.verbalizers.words import find_label, split_words

COLON = re.compile("[:：]")


def write_words(label_words: dict[str, list[str]]) -> str:
    """A line per class, its words between commas."""
    return "\n".join(f"{label}: {', '.join(words)}" for label, words in label_words.items())


def read_words(lines: str) -> dict[str, list[str]]:
    """Classes and their words; a class without words gets an empty list. Raises MaskwiseError."""
    read: dict[str, list[str]] = {}
    for label, rest in _split(lines):
        if label.casefold() in (known.casefold() for known in read):
            raise MaskwiseError(f"Two lines name the class {shown(label)}. Rename or join them.")
        words = split_words(rest)
        read[label] = [word for word in words if word] or words  # commas alone are refused with the request
    return read


def read_examples(lines: str, labels: list[str]) -> dict[str, list[str]]:
    """Labelled texts, a line each, by class; empty where there are none. Raises MaskwiseError."""
    read: dict[str, list[str]] = {}
    for label, text in _split(lines):
        if not text:
            raise MaskwiseError(
                f"The line {shown(label)} is not a class and its text. Write it as “{labels[0]}: …”."
            )
        read.setdefault(find_label(label, labels), []).append(text)
    return read


def _split(lines: str) -> list[tuple[str, str]]:
    parts = (COLON.split(line, 1) for line in whole_characters(lines).splitlines() if line.strip())
    return [(label.strip(), "".join(rest).strip()) for label, *rest in parts]
