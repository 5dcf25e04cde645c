"""Checks of what is asked that need more than a request alone: bounds of a caller's own, a prompt's spans."""

from __future__ import annotations

from explainers.core.errors import MaskwiseError, shown

FINER = {"sentence": "words", "word": "tokens"}


def check_text(name: str, value, longest: int) -> None:
    """Raise MaskwiseError for what is no text, or longer than so many characters. name: in the message."""
    if not isinstance(value, str):
        raise MaskwiseError(f"{name} must be text.")
    if len(value) > longest:
        raise MaskwiseError(f"{name} is limited to {longest:,} characters. Shorten it.")


def check_range(name: str, value, low: int, high: int) -> None:
    """Raise MaskwiseError for what is no whole number from low to high. name: in the message."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise MaskwiseError(f"{name} must be a whole number between {low} and {high}, not {shown(value)}.")


def check_k(k: int, spans: int, granularity: str) -> None:
    """Raise MaskwiseError where k spans cannot be removed."""
    if not spans:
        raise MaskwiseError("The prompt holds nothing that can be removed. Type some words.")
    if k > spans:
        has = f"{spans} {granularity}{'' if spans == 1 else 's'}"
        choice = "k = 1" if spans == 1 else f"k between 1 and {spans}"
        finer = f", or remove whole {FINER[granularity]}" if granularity in FINER else ""
        raise MaskwiseError(f"k is {k}, but this prompt has only {has}. Choose {choice}{finer}.")
