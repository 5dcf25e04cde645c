"""How far a response changes once spans of its prompt are removed: the measures of XPrompt's Tables 1 and 2.

The libraries are imported at the first call, so that importing this module stays cheap.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING
from unicodedata import normalize

import regex

from explainers.core.types import MetricScore
from explainers.models.builtin import sentence_encoder
from explainers.text.words import space_words

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

TEXT_METRICS = ("bleu", "rouge_l_precision", "rouge_l_recall", "rouge_l_f1", "sentence_bert")
# name → lower_is_better, in the order of the paper's tables. "Better" is the explanation: removing
# the spans that matter makes the response less similar and less likely.
METRICS = dict.fromkeys(TEXT_METRICS, True) | {"probability_ratio": True, "kl": False, "kl_published": False}

# Combining marks belong to the word they stand in, and so do joiners, with which Malayalam's words may end.
_WORD = regex.compile(r"[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}\u200d]|\u200c(?=[\p{L}\p{N}\p{M}]))*")
_SLICE_ELEMENTS = 2**22  # of one fp32 temporary in `kl_divergence`: 16 MiB


def text_metrics(response: str, masked_response: str) -> list[MetricScore]:
    """Similarity, 0..1, of the masked prompt's response to the response; one score of each TEXT_METRICS.

    Surrounding white space does not count, nor how accents are encoded. Equal texts (two empty ones too) are
    1 in every measure; if only one of them is empty, every measure is 0.
    """
    a, b = normalize("NFC", response).strip(), normalize("NFC", masked_response).strip()
    if a == b or not (a and b):
        values = [float(a == b)] * len(TEXT_METRICS)
    else:
        values = [bleu(a, b), *rouge_l(a, b), sentence_similarity(a, b, sentence_encoder())]
    return [MetricScore(name, v, METRICS[name]) for name, v in zip(TEXT_METRICS, values, strict=True)]


def bleu(response: str, masked_response: str) -> float:
    """Sentence BLEU of words, 0..1, with the response as the reference (sacrebleu, 13a tokens).

    sacrebleu's settings for single sentences: exponential smoothing, and n-gram orders that a short text
    cannot have are left out, so that one equal word scores 1. The paper's code differs: it takes n-grams
    of characters. Scripts without spaces are split into their dictionary's words.
    """
    from sacrebleu import sentence_bleu

    hypothesis, reference = space_words(masked_response), space_words(response)
    score = sentence_bleu(hypothesis, [reference], smooth_method="exp", use_effective_order=True).score
    return min(score / 100, 1.0)  # sacrebleu's perfect score is 100.00000000000004


def rouge_l(response: str, masked_response: str) -> tuple[float, float, float]:
    """ROUGE-L precision, recall and F1, 0..1 (rouge-score, no stemming).

    Of the longest common subsequence of words: precision is its share of the masked prompt's response,
    recall its share of the response. All 0 where a text has no word (punctuation, emoji).
    """
    score = _rouge_scorer().score(response, masked_response)["rougeL"]
    return float(score.precision), float(score.recall), float(score.fmeasure)


def sentence_similarity(a: str, b: str, encoder: SentenceTransformer) -> float:
    """Cosine of two sentence embeddings, clipped to 0..1 (Sentence-BERT, Reimers & Gurevych 2019).

    Text beyond the encoder's window (256 word pieces of all-MiniLM-L6-v2) does not count.
    """
    x, y = encoder.encode([a, b], normalize_embeddings=True, show_progress_bar=False)  # (d,) each
    return min(max(float(x @ y), 0.0), 1.0)


def probability_ratio(log_prob: float, log_prob_masked: float, n_tokens: int) -> float:
    """How many times as likely each token of the response becomes: exp((masked − full) / S).

    The ratio of the geometric means of the S token probabilities, from sums in nats. Between 0 and 1
    where removal hurts; above 1, and kept so, where it makes the response likelier. 1 for an empty one.
    """
    return math.exp((log_prob_masked - log_prob) / n_tokens) if n_tokens else 1.0


def kl_divergence(masked_log_probs: Tensor, log_probs: Tensor) -> float:
    """KL(masked ‖ original) of the next-token distributions, averaged over positions, in nats.

    Both (S, V): log-probabilities before each of the S response tokens. The sums run in fp32, a few
    positions at a time. 0 for an empty response; infinite where the original rules out a token that the
    masked prompt does not. Raises ValueError if the shapes differ.
    """
    if masked_log_probs.shape != log_probs.shape:
        raise ValueError(f"shapes differ: {tuple(masked_log_probs.shape)}, {tuple(log_probs.shape)}")
    positions, vocabulary = log_probs.shape
    rows = max(1, _SLICE_ELEMENTS // max(1, vocabulary))
    slices = zip(masked_log_probs.split(rows), log_probs.split(rows), strict=True)
    mean = sum(_kl_sum(p.float(), q.float()) for p, q in slices) / max(1, positions)
    return max(mean, 0.0)  # rounding can leave −1e-8; in this order NaN stays NaN


def kl_published(token_log_probs: Tensor, token_log_probs_masked: Tensor) -> float:
    """The KL that XPrompt's code reports: Σ_t P_t log(P_t / Q_t), in nats.

    Both (S,): log-probabilities of the response's own tokens, original and masked. P and Q are these
    tokens' probabilities, original and masked, each normalised to sum to 1 over the S positions. It tells
    whether the drop is uneven along the response, not how large it is: 0 for one token or none, and 0
    where every token loses the same factor. The paper's text defines it the other way round (masked ‖
    original); its code also leaves out the first token, which is kept here.
    """
    p, q = (x.float().log_softmax(0)[None] for x in (token_log_probs, token_log_probs_masked))  # (1, S)
    return kl_divergence(p, q)


def _kl_sum(p: Tensor, q: Tensor) -> float:
    """Σ exp(p)(p − q) of log-probabilities; a term with probability 0 counts 0."""
    return (p.exp() * (p - q)).masked_fill(p.isneginf(), 0.0).sum().item()


class _WordTokenizer:
    """rouge-score's words beyond ASCII: its own tokenizer drops every letter but a–z."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(space_words(text).lower())


@cache
def _rouge_scorer():
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], tokenizer=_WordTokenizer())
