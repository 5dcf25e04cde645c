"""Predict, then reveal: how much of the best set's effect do the words reach that a person marked?

The effect of a set of spans is the drop in log p, in nats: of the model's own answer, or of the class it
predicts, once they are removed. Beside a guess stand the strongest set that a search finds, random sets,
and for a class PromptExplainer's choice.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from statistics import mean

from explainers.core.base import EXPLAINERS, Explainer, read_options
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Explanation, Mask, OnForward, SearchStep, Task, mask_without, removed_spans
from explainers.measures.flatness import flat_notes
from explainers.measures.guess_score import score_of, sentence_of
from explainers.measures.text import probability_ratio
from explainers.models import held
from explainers.streams.events.guessing import (
    Effect,
    FoundEffect,
    GuessEvent,
    PreparationEvent,
    RandomEffect,
    RevealedEvent,
    RewrittenEvent,
    ScoredEvent,
    ScoredGuess,
    SearchEvent,
    SearchStepEvent,
)
from explainers.streams.game.known_rounds import known_of
from explainers.streams.game.rounds import Round
from explainers.streams.game.subjects import Subject

SEARCH = "best_within_budget"
METHODS = {Task.CLASSIFICATION: "prompt_explainer"}  # shown beside the search
DRAWS = 20


def prepare(round: Round, on_forward: OnForward | None = None) -> Generator[PreparationEvent, None, Subject]:
    """Find all that no guess changes, while people still mark; returns the Subject.

    The last event is `prepared`. What is found is kept: a second call is short, and one after an interruption
    goes on from there.
    """
    subject = round.subject()
    yield {"type": "status", "text": "Loading the model"}
    loaded = held.load_model(subject.request.model, subject.task)
    with known_of(round, loaded) as known:
        yield from subject.open(loaded, known, on_forward or (lambda rows: None))
        if not known.best:
            known.best = yield from _search(round, subject)
        if not known.random:
            known.random = random_sets(round, subject)
        if not known.method:
            known.method = _method_set(round, subject)
        known.target = None
        without = [found["log_prob_masked"] for found in known.sets().values()]
    subject.flat = flat_notes(subject.target, *without)
    yield {"type": "prepared", "notes": [*subject.notes, *subject.flat]}
    return subject


def play(round: Round, guess: list[int], on_forward: OnForward | None = None) -> Iterator[GuessEvent]:
    """Play a round with a guess, indices of spans. Raises MaskwiseError for a guess that is not k of them.

    After the events of `prepare` comes `revealed`; `rewritten` events then bring, for the guess and each set
    beside it, the answer without that set as it grows, and `played` ends it.
    """
    check_guess(guess, round.k)
    subject = yield from prepare(round, on_forward)
    check_guess(guess, round.k, len(subject.target.spans))
    own = measure(subject, guess)
    yield _revealed(subject, own)
    yield from _rewrite_all(subject, {"guess": own, **subject.known.sets()})
    yield {"type": "played"}


def rehearse(
    round: Round, on_forward: OnForward | None = None
) -> Generator[PreparationEvent | RewrittenEvent, None, Subject]:
    """As `prepare`; then `rewritten` events bring the answer without each set that no guess changes."""
    subject = yield from prepare(round, on_forward)
    yield from _rewrite_all(subject, subject.known.sets())
    return subject


def score_guesses(
    round: Round, guesses: list[list[int]], on_forward: OnForward | None = None
) -> Iterator[PreparationEvent | ScoredEvent]:
    """Score the guesses of a class, all in one go. Raises as `play`.

    After the events of `prepare` comes `scored`, with each guess in its order.
    """
    for guess in guesses:
        check_guess(guess, round.k)
    subject = yield from prepare(round, on_forward)
    for guess in guesses:
        check_guess(guess, round.k, len(subject.target.spans))
    subject.target.log_prob(torch.tensor([_mask(subject, guess) for guess in guesses]))  # in batches
    yield {"type": "scored", "guesses": [_scored(subject, measure(subject, guess)) for guess in guesses]}


def check_guess(guess, k: int, spans: int | None = None) -> None:
    """Raise MaskwiseError unless `guess` holds k different indices, below `spans` where that is known."""
    whole = isinstance(guess, list) and all(isinstance(t, int) and not isinstance(t, bool) for t in guess)
    if not whole or any(t < 0 or (spans is not None and t >= spans) for t in guess):
        raise MaskwiseError(
            "A guess must be a list of places in the text. Press Start and mark the words again."
        )
    if len(guess) != k or len(set(guess)) != k:
        raise MaskwiseError(f"Mark exactly {k}: you had marked {len(set(guess))}.")


def measure(subject: Subject, removed: list[int]) -> Effect:
    """The effect of removing these spans; two passes at most."""
    target = subject.target
    full, masked = target.log_prob_of(target.full_mask()), target.log_prob_of(_mask(subject, removed))
    return {
        "removed": sorted(removed),
        "log_prob_masked": masked,
        "drop": full - masked,
        "probability_ratio": probability_ratio(full, masked, subject.tokens),
    }


def random_sets(round: Round, subject: Subject) -> RandomEffect:
    """Mean effect of DRAWS random sets of k spans, and what each of them does."""
    generator, spans = torch.Generator().manual_seed(0), len(subject.target.spans)
    drawn = [torch.randperm(spans, generator=generator)[: round.k].tolist() for _ in range(DRAWS)]
    subject.target.log_prob(torch.tensor([_mask(subject, removed) for removed in drawn]))  # in batches
    sets = [measure(subject, removed) for removed in drawn]
    drops = [found["drop"] for found in sets]
    typical = min(sets, key=lambda found: abs(found["drop"] - mean(drops)))
    return {
        "removed": typical["removed"],
        "log_prob_masked": mean(found["log_prob_masked"] for found in sets),
        "drop": mean(drops),
        "probability_ratio": mean(found["probability_ratio"] for found in sets),
        "low": min(drops),
        "high": max(drops),
        "sets": sets,
    }


def _search(round: Round, subject: Subject) -> Generator[SearchEvent | SearchStepEvent, None, FoundEffect]:
    """Stream the progress of the search; returns the strongest set it finds."""
    explainer = _explainer(SEARCH, round)
    yield {"type": "search", "passes": explainer.passes(len(subject.target.spans))}
    for event in explainer.stream(subject.target):
        if isinstance(event, SearchStep):
            yield {"type": "step", "step": event.step, "total": event.total}
        else:
            explanation = event
    return _found(subject, explanation)


def _method_set(round: Round, subject: Subject) -> FoundEffect | None:
    name = METHODS.get(subject.task)
    return _found(subject, _explainer(name, round).explain(subject.target)) if name else None


def _explainer(name: str, round: Round) -> Explainer:
    return EXPLAINERS[name](read_options(EXPLAINERS[name], {}, round.k))


def _found(subject: Subject, explanation: Explanation) -> FoundEffect:
    return {
        **measure(subject, removed_spans(explanation.mask)),
        "title": EXPLAINERS[explanation.method].title,
        "certificate": explanation.certificate,
    }


def _scored(subject: Subject, own: Effect) -> ScoredGuess:
    best, random = subject.known.best, subject.known.random
    assert best and random  # prepare has found them
    score = score_of(own["drop"], best["drop"])
    said = sentence_of(score, own["drop"], best["drop"], random["drop"])
    return {**own, "score": score, "sentence": " ".join([said, *subject.flat])}


def _revealed(subject: Subject, own: Effect) -> RevealedEvent:
    known, scored = subject.known, _scored(subject, own)
    assert known.best and known.random
    return {
        "type": "revealed",
        "guess": own,
        "best": known.best,
        "method": known.method,
        "random": known.random,
        "log_prob": subject.target.log_prob_of(subject.target.full_mask()),
        "score": scored["score"],
        "sentence": scored["sentence"],
    }


def _rewrite_all(subject: Subject, found: dict[str, Effect]) -> Iterator[RewrittenEvent]:
    for who, effect in found.items():
        yield from _rewrite(subject, who, effect["removed"])


def _rewrite(subject: Subject, who: str, removed: list[int]) -> Iterator[RewrittenEvent]:
    mask, text = _mask(subject, removed), ""
    if mask not in subject.known.answers:
        for text in subject.answer_without(mask):
            yield {"type": "rewritten", "who": who, "text": text}
        subject.known.answers[mask] = text
    yield {"type": "rewritten", "who": who, "text": subject.known.answers[mask]}


def _mask(subject: Subject, removed: list[int]) -> Mask:
    return mask_without(len(subject.target.spans), removed)
