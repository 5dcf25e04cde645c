"""Predict, then reveal: how much of the best set's effect do the words reach that a person marked?

The effect of a set of spans is the drop in log p, in nats: of the model's own answer, or of the class it
predicts, once they are removed. Beside a guess stand the strongest set that a search finds, random sets,
and for a class PromptExplainer's choice.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Generator, Iterator
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from statistics import mean

from explainers.core.base import EXPLAINERS, Explainer, read_options
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Explanation, Mask, OnForward, SearchStep, Task
from explainers.measures.text import probability_ratio
from explainers.models import held
from explainers.models.held import LoadedModel
from explainers.streams.checks import removed_spans
from explainers.streams.events.guessing import (
    Effect,
    FoundEffect,
    GuessEvent,
    PreparationEvent,
    RandomEffect,
    RewrittenEvent,
    SearchEvent,
    SearchStepEvent,
)
from explainers.streams.guess_rounds import Round
from explainers.streams.guess_subjects import Known, Subject
from explainers.text.tasks import ASSETS

SEARCH = "best_within_budget"
METHODS = {Task.CLASSIFICATION: "prompt_explainer"}  # shown beside the search
DRAWS = 20
KEPT_ROUNDS = 32
SHIPPED = ASSETS / "classroom" / "known.json"

_known: OrderedDict[str, Known] = OrderedDict()  # least recently used first


def prepare(round: Round, on_forward: OnForward | None = None) -> Generator[PreparationEvent, None, Subject]:
    """Find all that no guess changes, while people still mark; returns the Subject.

    The last event is `prepared`. What is found is kept: a second
    call is short, and one that was interrupted goes on.
    """
    subject = round.subject()
    yield {"type": "status", "text": "Loading the model"}
    loaded = held.load_model(subject.request.model, subject.task)
    known = recall(round, loaded)
    with known.at_work:
        yield from subject.open(loaded, known, on_forward or (lambda rows: None))
        if not known.best:
            known.best = yield from _search(round, subject)
        if not known.random:
            known.random = random_sets(round, subject)
        if not known.method:
            known.method = _method_set(round, subject)
        known.target = None
    yield {"type": "prepared"}
    return subject


def play(round: Round, guess: list[int], on_forward: OnForward | None = None) -> Iterator[GuessEvent]:
    """Play a round with a guess, indices of spans. Raises MaskwiseError for a guess that is not k of them.

    After the events of `prepare` comes `revealed`; `rewritten` events then bring, for the guess and each set
    beside it, the answer without that set as it grows, and `played` ends it.
    """
    check_guess(guess, round.k)
    subject = yield from prepare(round, on_forward)
    check_guess(guess, round.k, len(subject.target.spans))
    own, known = measure(subject, guess), subject.known
    best, random = known.best, known.random
    assert best and random  # prepare has found them
    score = score_of(own["drop"], best["drop"])
    yield {
        "type": "revealed",
        "guess": own,
        "best": best,
        "method": known.method,
        "random": random,
        "log_prob": subject.target.log_prob_of(subject.target.full_mask()),
        "score": score,
        "sentence": sentence_of(score, own["drop"], best["drop"], random["drop"]),
    }
    found: dict[str, Effect | None] = {"guess": own, "best": best, "method": known.method, "random": random}
    for who, effect in found.items():
        if effect:
            yield from _rewrite(subject, who, effect["removed"])
    yield {"type": "played"}


def check_guess(guess, k: int, spans: int | None = None) -> None:
    """Raise MaskwiseError unless `guess` holds k different indices, below `spans` where that is known."""
    whole = isinstance(guess, list) and all(isinstance(t, int) and not isinstance(t, bool) for t in guess)
    if not whole or any(t < 0 or (spans is not None and t >= spans) for t in guess):
        raise MaskwiseError(
            "A guess must be a list of places in the text. Press Start and mark the words again."
        )
    if len(guess) != k or len(set(guess)) != k:
        raise MaskwiseError(f"Mark exactly {k}: {len(set(guess))} marked so far.")


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


def random_sets(round: Round, subject: Subject, draws: int = DRAWS) -> RandomEffect:
    """Mean effect of `draws` random sets of k spans, and what each of them does."""
    generator, spans = torch.Generator().manual_seed(0), len(subject.target.spans)
    drawn = [torch.randperm(spans, generator=generator)[: round.k].tolist() for _ in range(draws)]
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


def _rewrite(subject: Subject, who: str, removed: list[int]) -> Iterator[RewrittenEvent]:
    mask, text = _mask(subject, removed), ""
    if mask not in subject.known.answers:
        for text in subject.answer_without(mask):
            yield {"type": "rewritten", "who": who, "text": text}
        subject.known.answers[mask] = text
    yield {"type": "rewritten", "who": who, "text": subject.known.answers[mask]}


def _mask(subject: Subject, removed: list[int]) -> Mask:
    return tuple(int(t not in removed) for t in range(len(subject.target.spans)))


def recall(round: Round, loaded: LoadedModel) -> Known:
    """What is known of this round with this model; at first nothing, or what comes with Maskwise."""
    key = known_key(round, loaded.name, loaded.revision)
    if key not in _known:
        _known[key] = Known.of_json(_shipped()[key]) if key in _shipped() else Known()
    known = _known[key]
    _known.move_to_end(key)
    while len(_known) > KEPT_ROUNDS:
        _known.popitem(last=False)
    return known


def known_key(round: Round, model: str, revision: str) -> str:
    """The same for the same round and model."""
    asked = json.dumps([asdict(round), model, revision], sort_keys=True)
    return sha256(asked.encode()).hexdigest()[:16]


@cache
def _shipped() -> dict[str, dict]:
    """What comes with Maskwise of the ready rounds, by `known_key`."""
    return json.loads(SHIPPED.read_text(encoding="utf-8")) if SHIPPED.is_file() else {}


SAME = 1e-3  # nats: smaller differences are rounding


def score_of(drop: float, best: float) -> float | None:
    """The share of the best set's drop in log p that the guess reaches, 0 to 1.

    A guess that makes the answer more likely scores 0, one that does more than the search's set 1. None
    where even the best set makes nothing less likely.
    """
    if best <= SAME:
        return None
    return 1.0 if drop >= best - SAME else max(0.0, drop / best)


def sentence_of(score: float | None, drop: float, best: float, random: float) -> str:
    """The score for a person; drops in nats, `random` the mean of random sets."""
    if score is None:
        return "No set of this size makes the answer less likely, so this round has no score."
    if drop > best + SAME:
        return "Your marks do even more than the best set that the search found, so the score is 100%."
    if score == 1:
        return "Your marks do as much as the best set. More is not possible, as far as the search knows."
    if drop < 0:
        return (
            "Without your marks the answer becomes more likely, not less: the score would be below zero, "
            "and counts as 0%."
        )
    said = f"Your marks take away {score:.0%} of what the best set takes away from log p."
    if drop < random - SAME:
        return f"{said} Random marks do better on average: {max(random, 0) / best:.0%}."
    return f"{said} Random marks reach {max(random, 0) / best:.0%} on average."
