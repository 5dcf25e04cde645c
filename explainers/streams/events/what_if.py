"""Answers to what-if questions. removed: numbers of spans, in order; log-probabilities in nats."""

from __future__ import annotations

from typing import TypedDict

from explainers.streams.events.generation import ResponseToken
from explainers.streams.events.shared import Index, Span


class Removal(TypedDict):
    """What an answer loses without the removed spans, whole and token by token."""

    removed: list[Index]
    log_prob: float
    log_prob_masked: float
    probability_ratio: float
    response_tokens: list[ResponseToken]


class ClassProbabilities(TypedDict):
    label: str
    probability: float
    probability_masked: float


class ClassRemoval(TypedDict):
    """Each class's probability with all of the text and without the removed spans. label: the explained."""

    removed: list[Index]
    labels: list[ClassProbabilities]
    label: str


class JointEffect(TypedDict):
    """The drop in log p of a whole set beside the drops of its members one by one.

    pairs: Shapley interactions of the k removed spans, k × k, all others kept; exact: found over all subsets,
    else sampled. kind: redundant, synergistic or additive; sentences say what the difference means.
    """

    removed: list[Index]
    together: float
    singles: list[float]
    sum: float
    difference: float
    kind: str
    pairs: list[list[float]]
    exact: bool
    sentences: list[str]


class SpeakingSpan(Span):
    """score: how much more log p of the given answer falls than that of the other without this span alone."""

    score: float


class WhyNot(TypedDict):
    """Which spans speak for the answer that was given, and which for another one."""

    other: str
    log_prob: float
    log_prob_other: float
    spans: list[SpeakingSpan]
    sentence: str
