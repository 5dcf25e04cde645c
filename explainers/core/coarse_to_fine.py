"""A long prompt in parts: sentences, then phrases of those that matter, then their single spans."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from explainers.core.types import TokenSpan

ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟", "۔")
MOST_PARTS = 24  # that are removed in one round
PHRASE = 6  # spans
COARSE = 2.5  # how many times the spans that are removed one by one are looked into phrase by phrase

Part = list[int]  # indices of neighbouring spans


def sentences(spans: Sequence[TokenSpan]) -> list[Part]:
    """Neighbouring spans up to the end of a sentence; short ones joined, long ones cut."""
    size = ceil(len(spans) / MOST_PARTS)
    parts: list[Part] = [[]]
    for t, span in enumerate(spans):
        parts[-1].append(t)
        if len(parts[-1]) >= size and (span.text.rstrip().endswith(ENDS) or len(parts[-1]) >= 2 * size):
            parts.append([])
    return [part for part in parts if part]


def finer(parts: list[Part], log_probs: list[float], most: int, least: int) -> list[Part]:
    """The parts whose removal leaves log p lowest, cut smaller: sentences into phrases, phrases into spans.

    most: spans to keep in the end; of sentences, as many are kept as hold COARSE times that. least:
    parts that are kept in any case, so that each removed span may lie in another.
    """
    longest = max(map(len, parts))
    room = COARSE * most if longest > PHRASE else most
    kept: list[Part] = []
    for _, part in sorted(zip(log_probs, parts, strict=True)):
        if len(kept) >= least and sum(map(len, kept)) + len(part) > room:
            break
        kept.append(part)
    size = PHRASE if longest > PHRASE else 1
    return [part[n : n + size] for part in sorted(kept) for n in range(0, len(part), size)]
