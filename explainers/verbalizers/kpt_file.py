"""Label words from a file in the formats in which KPT publishes them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from explainers.core.errors import MaskwiseError
from explainers.verbalizers.words import LabelWords, read_label_words

MAX_FILE_BYTES = 1_000_000


def read_kpt_file(path: Path, labels: Sequence[str]) -> LabelWords:
    """Label words from a file in KPT's published formats; see parse_kpt. Raises MaskwiseError."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise MaskwiseError(
            f"The file of label words is larger than {MAX_FILE_BYTES // 1000} kB. Shorten it."
        )
    try:
        return parse_kpt(path.read_text(encoding="utf-8-sig"), labels)
    except UnicodeDecodeError:
        raise MaskwiseError("The file of label words is not text in UTF-8. Save it as UTF-8.") from None


def parse_kpt(text: str, labels: Sequence[str]) -> LabelWords:
    """Label words in KPT's published formats: JSON of label → words, or one line per class, in the order of
    `labels`, its words between commas.

    As in KPT, a word of several classes goes from all that it is not the first word of. Raises MaskwiseError
    where the classes are not those of `labels`.
    """
    if text.lstrip().startswith("{"):
        words = _parse_json(text, labels)
    else:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) != len(labels):
            raise MaskwiseError(
                f"The file has {len(lines)} lines, but the task has {len(labels)} classes. "
                "Give one line per class."
            )
        words = dict(zip(labels, (line.split(",") for line in lines), strict=True))
    words = read_label_words(words)
    listed = Counter(word for of_class in words.values() for word in of_class)
    return {label: [w for w in ws if listed[w] == 1 or w == ws[0]] for label, ws in words.items()}


def _parse_json(text: str, labels: Sequence[str]) -> dict:
    try:
        values = json.loads(text)
    except ValueError:
        raise MaskwiseError(
            "The file of label words is neither KPT's text nor JSON. Give one line per class, its words "
            "between commas, or an object of classes and words."
        ) from None
    if sorted(values) != sorted(labels):
        raise MaskwiseError(f"The file's classes must be those of the task: {', '.join(labels)}.")
    return {label: values[label] for label in labels}
