"""Measures as XPrompt's published code takes them, where they differ from those of the page."""

from __future__ import annotations

import math

from explainers.core.deferred_torch import torch
from explainers.measures.text import kl_published


def character_bleu(response: str, masked_response: str) -> float:
    """Sentence BLEU of characters, 0..1: the code hands whole strings to NLTK, which takes their letters.

    Orders 1 to 4 in equal shares, without smoothing: 0 where the texts share no run of four characters.
    White space counts as a character.
    """
    from sacrebleu.metrics import BLEU

    hypothesis, reference = (" ".join(map(_visible, text)) for text in (masked_response, response))
    if not hypothesis or not reference:
        return float(hypothesis == reference)
    plain = BLEU(smooth_method="none", tokenize="none", effective_order=False)
    return min(plain.corpus_score([hypothesis], [[reference]]).score / 100, 1.0)


def _visible(character: str) -> str:
    """A sign for the character that is no white space, at which the words of a text are parted."""
    return f"u{ord(character)}" if character.isspace() else character


def package_rouge(response: str, masked_response: str) -> tuple[float, float, float]:
    """ROUGE-L precision, recall and F1, 0..1, by the package `rouge`: sentences end at full stops.

    All 0 where a text has no word, unless both are equal.
    """
    from rouge import Rouge

    if not any(part.strip() for part in response.split(".")) or not any(
        part.strip() for part in masked_response.split(".")
    ):
        return (float(response == masked_response),) * 3
    found = Rouge(metrics=["rouge-l"]).get_scores(masked_response, response)[0]["rouge-l"]
    return found["p"], found["r"], found["f"]


def token_measures(
    log_probs: list[float], masked: list[float], first_token: bool
) -> tuple[float, float, float, float]:
    """Probability ratio, KL over positions (`kl_published`), and log p before and after, nats.

    log_probs, masked: of the answer's tokens, with the whole prompt and without the removed spans.
    first_token: whether it counts; the code leaves it out, and an answer of one token keeps it here.
    """
    start = 0 if first_token or len(log_probs) < 2 else 1
    before, after = log_probs[start:], masked[start:]
    ratio = math.exp((sum(after) - sum(before)) / len(before))
    return ratio, kl_published(torch.tensor(before), torch.tensor(after)), sum(before), sum(after)
