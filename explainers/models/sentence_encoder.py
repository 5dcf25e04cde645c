"""The sentence encoder that compares texts by what they mean: all-MiniLM-L6-v2, as it is published."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from explainers.models.builtin import sentence_encoder_folder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@cache
def sentence_encoder() -> SentenceTransformer:
    """The built-in all-MiniLM-L6-v2; small enough that a CPU answers in milliseconds."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(sentence_encoder_folder()), device="cpu")
