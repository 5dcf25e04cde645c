"""Label words read whole: as many masks as a word has tokens."""

from __future__ import annotations

from collections import Counter

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.verbalizers.base import Verbalizer
from explainers.verbalizers.words import (
    LabelWords,
    build_word_verbalizer,
    check_distinct,
    shorten,
    unknown_words,
    word_tokens,
)

COMPARED = (
    "Label words differ in their number of tokens. They are compared by their mean log p per token, which "
    "often favours longer words: a piece of a word is easier to guess than a rare word. Choose words of one "
    "length for a fair comparison."
)


class WholeWordVerbalizer(Verbalizer):
    """s_c = mean over the class's words of (1/n) Σ_i log p(token i | the template with n masks, at mask i).

    n is the word's number of tokens. All n masks are read in one pass, as PET does in training (Schick and
    Schütze 2021, arXiv 2009.07118), and not filled one after the other. PET adds the tokens' log p up; the
    mean is ours, so that long words are not ruled out. Scores are log-probabilities, not logits, since the
    normaliser differs with n.
    """

    def __init__(self, labels, words, tokens: list[list[tuple[int, ...]]], notes=()):
        """tokens: of each class's words."""
        super().__init__(labels, words, notes)
        self.tokens = tokens
        self.mask_counts = tuple(sorted({len(word) for of_class in tokens for word in of_class}))

    def class_scores(self, head):
        raise MaskwiseError(
            "Words that are read whole have no score at a single position. Choose the verbalizer of the "
            "words themselves (manual)."
        )

    def share_of_scores(self, head: torch.Tensor) -> torch.Tensor:
        """What the words of n tokens add to each class's score, (B, n, V) → (B, C), nats; differentiable."""
        log_probs, n = head.float().log_softmax(-1), head.shape[1]
        places = torch.arange(n, device=head.device)
        shares = []
        for of_class in self.tokens:
            read = [log_probs[:, places, list(word)].mean(1) for word in of_class if len(word) == n]
            shares.append(sum(read, torch.zeros_like(log_probs[:, 0, 0])) / len(of_class))
        return torch.stack(shares, -1)


def whole_word_verbalizer(loaded, label_words: LabelWords) -> Verbalizer:
    """The given words, all tokens of each; where each word is one token, the manual verbalizer.

    Words that hold a token unknown to the vocabulary are dropped, and said in the notes. Raises MaskwiseError
    where a class is left without words, or where two classes are the same words.
    """
    tokenizer = loaded.tokenizer
    tokens, words, unknown = [], [], []
    for label, of_class in label_words.items():
        read = {word: tuple(word_tokens(tokenizer, word)) for word in of_class}
        known = {
            t: word
            for word, t in reversed(read.items())
            if t and tokenizer.unk_token_id not in t and loaded.embeds(t)
        }
        unknown += [word for word, t in read.items() if t not in known]
        if not known:
            raise unknown_words(label, loaded.title)
        kept = dict(reversed(known.items()))
        tokens.append(list(kept))
        words.append(list(kept.values()))
    check_distinct(list(label_words), tokens)
    counts = Counter(len(word) for of_class in tokens for word in of_class)
    if set(counts) == {1}:
        return build_word_verbalizer(loaded, label_words)
    notes = [_how_read(words, tokens)]
    notes += [COMPARED] if len(counts) > 1 else []
    notes += [f"Left out, being unknown to this model: {shorten(unknown)}."] if unknown else []
    return WholeWordVerbalizer(list(label_words), words, tokens, notes)


def _how_read(words: list[list[str]], tokens: list[list[tuple[int, ...]]]) -> str:
    pairs = (pair for rows in zip(words, tokens, strict=True) for pair in zip(*rows, strict=True))
    several = [f"{word} ({len(ids)})" for word, ids in pairs if len(ids) > 1]
    return f"Read whole, through as many masks as tokens: {shorten(several)}."
