"""Rounds of predict-then-reveal on tiny models: scores, random floor, what is kept, what is refused."""

import json
from dataclasses import asdict
from itertools import combinations

import pytest
import torch

from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.measures.guess_score import score_of, sentence_of
from explainers.models import held
from explainers.streams.game import known_rounds
from explainers.streams.game.guessing import play, prepare, rehearse, score_guesses
from explainers.streams.game.known_rounds import forget, kept_rounds, known_key, recall
from explainers.streams.game.rounds import Round, ready_rounds
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import render_prompt
from tests.explainers.verbalizers.test_verbalizers import wordpiece
from tests.tiny_models import tiny_causal

LLAMA = tiny_causal("llama", chat=True)
STORY = Round("A story", "Write a short story about a doctor.", 2, settings={"max_new_tokens": 8})
REVIEW = Round("A review", "The plot is thin but the actors shine.", 2, task="sst2")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    kept_rounds.clear()
    monkeypatch.setattr(
        held, "load_model", lambda name, task, *how: LLAMA if task is Task.GENERATION else wordpiece()
    )


def events(stream):
    """All events, and what the stream returns."""
    seen = []
    while True:
        try:
            seen.append(next(stream))
        except StopIteration as end:
            return seen, end.value


def reveal(round, guess):
    return next(event for event in play(round, guess) if event["type"] == "revealed")


@pytest.mark.parametrize("round", [STORY, REVIEW], ids=["generation", "classification"])
def test_the_best_set_scores_1_and_each_score_is_the_share_of_its_drop(round):
    _, subject = events(prepare(round))
    log_prob, full = subject.target.log_prob_of, subject.target.log_prob_of(subject.target.full_mask())
    count = len(subject.target.spans)
    drops = {
        pair: full - log_prob(tuple(int(t not in pair) for t in range(count)))
        for pair in combinations(range(count), 2)
    }
    best = max(drops, key=drops.get)
    shown = reveal(round, list(best))
    assert shown["score"] == 1.0
    assert shown["best"]["drop"] == pytest.approx(drops[best], abs=2e-3)
    for pair in list(drops)[:6]:
        shown = reveal(round, list(pair))
        assert shown["guess"]["removed"] == list(pair)
        assert shown["guess"]["drop"] == pytest.approx(drops[pair], abs=1e-4)
        share = min(max(drops[pair] / drops[best], 0), 1)
        assert shown["score"] == pytest.approx(share, abs=1e-3)
        assert f"{shown['score']:.0%}" in shown["sentence"]
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def test_the_random_floor_is_the_mean_of_its_sets_computed_directly():
    shown = reveal(STORY, [0, 1])["random"]
    prompt = render_prompt(LLAMA.tokenizer, STORY.text)
    _, subject = events(prepare(STORY))
    target = ResponseTarget(LLAMA, prompt, subject.known.response_ids)
    full = target.log_prob_of(target.full_mask())
    drops = []
    for found in shown["sets"]:
        mask = torch.ones(len(prompt.spans))
        mask[found["removed"]] = 0
        drops.append(full - target.log_prob(mask[None]).item())
        assert len(set(found["removed"])) == STORY.k
    assert len(drops) == 20
    assert shown["drop"] == pytest.approx(sum(drops) / 20, abs=1e-4)
    assert (shown["low"], shown["high"]) == pytest.approx((min(drops), max(drops)), abs=1e-4)


def test_events_come_in_order_and_answers_are_written_without_each_set():
    seen, _ = events(play(STORY, [0, 3]))
    kinds = [event["type"] for event in seen]
    order = ["status", "words", "response", "search", "step", "prepared", "revealed", "rewritten", "played"]
    assert [kind for kind in dict.fromkeys(kinds)] == order
    words = next(event for event in seen if event["type"] == "words")
    assert [span["text"] for span in words["spans"]][:2] == ["Write", "a"]
    assert {event["who"] for event in seen if event["type"] == "rewritten"} == {"guess", "best", "random"}


def test_a_class_shows_prompt_explainer_and_its_masked_class():
    seen, subject = events(play(REVIEW, [1, 3]))
    shown = next(event for event in seen if event["type"] == "revealed")
    assert shown["method"]["title"] == "PromptExplainer" and len(shown["method"]["removed"]) == 2
    told = {event["who"]: event["text"] for event in seen if event["type"] == "rewritten"}
    assert set(told) == {"guess", "best", "random", "method"}
    answer = next(event for event in seen if event["type"] == "response")["text"]
    assert answer.split(",")[0] in ("Negative", "Positive")
    ratio = torch.tensor(shown["guess"]["drop"]).neg().exp().item()
    assert shown["guess"]["probability_ratio"] == pytest.approx(ratio, rel=1e-4)


def test_a_second_guess_costs_a_few_passes_and_an_interrupted_search_goes_on():
    batches = []

    def stop_in_the_search(rows):
        batches.append(rows) if rows > 1 else None  # the answer is written row by row
        if len(batches) > 2:
            raise Stopped("Stopped.")

    exact = STORY.settings | {"screening": False}
    long = Round("", "Write a short story about a doctor and his patient.", 3, settings=exact)
    with pytest.raises(Stopped):
        events(prepare(long, stop_in_the_search))
    (known,) = kept_rounds.values()
    assert known.target is not None and known.best is None
    kept, found = known.target, known.target.forward_passes
    assert found > 1
    _, subject = events(prepare(long))
    assert subject.target is kept and known.target is None
    assert kept.forward_passes == kept.distinct_masks > found  # none twice
    events(play(long, [0, 1, 2]))
    passes = []
    kinds = [event["type"] for event in play(long, [0, 1, 2], passes.append)]
    assert "search" not in kinds and sum(passes) <= 4


def test_what_is_kept_is_bounded_and_by_model(monkeypatch):
    monkeypatch.setattr(known_rounds, "MOST_KEPT", 2)
    for k in (1, 2, 3):
        recall(Round("", STORY.text, k), LLAMA)
    assert len(kept_rounds) == 2
    other = tiny_causal("gpt2", chat=True)
    kept = recall(STORY, LLAMA)
    assert recall(STORY, other) is not kept
    forget(Round("", STORY.text, 3))
    assert recall(STORY, LLAMA) is kept
    forget(STORY)
    assert not kept_rounds


@pytest.mark.parametrize(
    ("guess", "words"),
    [
        ([0], "Mark exactly 2: you had marked 1"),
        ([0, 1, 2], "Mark exactly 2: you had marked 3"),
        ([1, 1], "Mark exactly 2: you had marked 1"),
        ([0, 99], "Press Start"),
        ([-1, 0], "Press Start"),
        ([0, True], "Press Start"),
        (["0", 1], "Press Start"),
        (None, "Press Start"),
    ],
)
def test_a_guess_that_cannot_be_is_refused_in_words(guess, words):
    with pytest.raises(MaskwiseError, match=words):
        events(play(STORY, guess))


def test_a_round_that_cannot_be_is_refused_in_words():
    with pytest.raises(MaskwiseError, match="task must be one of"):
        Round("", "Words", 1, task="weather")
    with pytest.raises(MaskwiseError, match="k must be a whole number"):
        Round("", "Words", 0)
    for task in ("generation", "sst2"):
        with pytest.raises(MaskwiseError, match="only 2 words"):
            events(prepare(Round("", "Two words", 3, task=task)))


def test_scores_are_capped_and_say_so():
    assert score_of(-1.0, 4.0) == 0 and "below zero" in sentence_of(0.0, -1.0, 4.0, 1.0)
    assert score_of(5.0, 4.0) == 1 and "even more" in sentence_of(1.0, 5.0, 4.0, 1.0)
    assert score_of(4.0, 4.0) == 1 and "as much as" in sentence_of(1.0, 4.0, 4.0, 1.0)
    assert score_of(1.0, -0.5) is None and "no score" in sentence_of(None, 1.0, -0.5, 0.0)
    quarter = sentence_of(0.25, 1.0, 4.0, 2.0)
    assert "25%" in quarter and "better on average: 50%" in quarter


def test_ready_rounds_are_playable_and_complete():
    rounds = ready_rounds()
    tasks = [round.task for round in rounds]
    assert tasks.count("generation") >= 6 and len(tasks) - tasks.count("generation") >= 4
    assert len({round.title for round in rounds}) == len(rounds)
    for round in rounds:
        assert round.question and round.notice and "\n" not in round.title
        count = len(render_prompt(LLAMA.tokenizer, round.text).spans)
        assert round.k < count <= 24
        assert Round(**json.loads(json.dumps(asdict(round)))) == round


def test_what_comes_with_maskwise_of_a_round_is_found_by_round_and_model(monkeypatch):
    """Known values go through JSON unchanged, and a round that has them needs no search."""
    list(play(STORY, [0, 1]))
    known = recall(STORY, LLAMA)
    values = json.loads(json.dumps(known.as_json()))
    key = known_key(STORY, LLAMA.name, LLAMA.revision)
    monkeypatch.setattr(known_rounds, "shipped", lambda: {key: values})
    kept_rounds.clear()
    again = recall(STORY, LLAMA)
    assert again.as_json() == values and again is not known
    kinds = [event["type"] for event in prepare(STORY)]
    assert "search" not in kinds and kinds[-1] == "prepared"


def test_nobody_waits_for_a_search_of_others():
    """Who has the models would wait for a search that waits for the models."""
    known = recall(STORY, LLAMA)
    with known.at_work:
        kinds = [event["type"] for event in play(STORY, [0, 1])]
    assert kinds[-1] == "played" and known.best is None


@pytest.mark.parametrize("round", [STORY, REVIEW], ids=["generation", "classification"])
def test_the_guesses_of_a_class_score_as_each_would_alone(round):
    guesses = [[0, 1], [1, 3], [3, 1], [2, 4]]
    seen, _ = events(score_guesses(round, guesses))
    assert [event["type"] for event in seen][-2:] == ["prepared", "scored"]
    for one, guess in zip(seen[-1]["guesses"], guesses, strict=True):
        alone = reveal(round, guess)
        assert one["score"] == pytest.approx(alone["score"], abs=1e-5)
        assert one["sentence"] == alone["sentence"]
        assert one["removed"] == alone["guess"]["removed"] == sorted(guess)


@pytest.mark.parametrize(("guesses", "words"), [([[0, 1], [2]], "exactly 2"), ([[0, 99]], "list of places")])
def test_guesses_of_a_class_that_cannot_be_are_refused_in_words(guesses, words):
    with pytest.raises(MaskwiseError, match=words):
        events(score_guesses(STORY, guesses))


def test_a_rehearsal_writes_the_answers_that_no_guess_changes():
    seen, _ = events(rehearse(REVIEW))
    assert {event["who"] for event in seen if event["type"] == "rewritten"} == {"best", "method", "random"}
    later, passes = events(play(REVIEW, [0, 1]))[0], []
    assert later[-1]["type"] == "played"
    *_, last = score_guesses(REVIEW, [[0, 1]], passes.append)
    assert last["type"] == "scored" and sum(passes) <= 3
