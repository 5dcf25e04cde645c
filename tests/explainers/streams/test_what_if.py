"""What-if questions on tiny models, held against whole-sequence computations."""

import json
from functools import cache

import pytest
import torch

from explainers import explain_generation
from explainers.core.errors import MaskwiseError, Stopped
from explainers.measures.effect_sentences import joint_kind
from explainers.models import held
from explainers.streams import report, what_if
from explainers.streams.known import known_by_model
from explainers.streams.rebuilt import target_of
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response
from explainers.text.response_part import part_characters
from tests.explainers.streams.test_generation import PROMPT
from tests.slow_reference import slow_token_log_probs
from tests.tiny_models import tiny_causal

ANSWER = "Once upon a time there was"
OPERATORS = ["zero", "delete", "replace"]


@pytest.fixture(scope="module")
def tiny():
    return tiny_causal("llama", chat=True)


@pytest.fixture(autouse=True)
def loaded(monkeypatch, tiny):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: tiny)
    monkeypatch.setattr(report, "text_metrics", lambda response, masked: [])  # they take a second model
    known_by_model.clear()
    return tiny


@cache
def stored(settings: str) -> str:
    return json.dumps(list(explain_generation(PROMPT, **json.loads(settings)))[-1])


def explained(**settings) -> dict:
    """An explanation event as it comes out of a file."""
    settings = {"method": "random_removal", "max_new_tokens": 8, "response": ANSWER, "k": 2, **settings}
    return json.loads(stored(json.dumps(settings)))


def slow(explanation, removed=()) -> torch.Tensor:
    """log p of each token of the response, (S,), by one whole sequence."""
    target = target_of(explanation)
    return slow_token_log_probs(target, [int(t not in removed) for t in range(len(target.spans))])


class Passes:
    """Counts what goes through the model."""

    def __init__(self):
        self.rows = 0

    def __call__(self, rows):
        self.rows += rows


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("part", [[], [5, 11]])
def test_removal_equals_slow_computation(operator, part):
    explanation = explained(mask_operator=operator, part=part)
    start, end = explanation["part"] or (0, len(explanation["response_tokens"]))
    before, after = slow(explanation), slow(explanation, (1, 6))
    found = what_if.removal(explanation, [6, 1, 6])
    assert found["removed"] == [1, 6]
    assert found["log_prob"] == pytest.approx(before[start:end].sum().item(), abs=2e-3)
    assert found["log_prob"] == pytest.approx(explanation["log_prob"], abs=2e-3)
    assert found["log_prob_masked"] == pytest.approx(after[start:end].sum().item(), abs=2e-3)
    ratio = (after - before)[start:end].mean().exp().item()
    assert found["probability_ratio"] == pytest.approx(ratio, rel=1e-2)
    tokens = found["response_tokens"]
    assert [t["text"] for t in tokens] == [t["text"] for t in explanation["response_tokens"]]
    assert [t["log_prob"] for t in tokens] == pytest.approx(before.tolist(), abs=1e-3)
    assert [t["log_prob_masked"] for t in tokens] == pytest.approx(after.tolist(), abs=1e-3)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_result_measures_itself_again():
    explanation = explained(part=[5, 11])
    removed = [t for t, span in enumerate(explanation["spans"]) if span["removed"]]
    found = what_if.removal(explanation, removed)
    for name in ("log_prob", "log_prob_masked", "probability_ratio"):
        assert found[name] == pytest.approx(explanation[name], abs=2e-3)


def test_rewriting_gives_the_same_answer_as_the_run():
    explanation = explained()
    removed = [t for t, span in enumerate(explanation["spans"]) if span["removed"]]
    *_, last = what_if.rewrite(explanation, removed)
    assert last == {"type": "masked_response", "text": explanation["masked_response"]}


@pytest.mark.parametrize("part", [[], [5, 11]])
def test_joint_effect_equals_brute_force(part):
    explanation, removed = explained(part=part), [0, 4, 7]
    window = slice(*(explanation["part"] or (None,)))
    found = what_if.joint_effect(explanation, removed)

    @cache
    def value(gone):
        return slow(explanation, gone)[window].sum().item()

    def gone(*spans):
        return tuple(sorted(spans))

    whole = value(())
    singles = [whole - value((t,)) for t in removed]
    together = whole - value(tuple(removed))
    assert found["singles"] == pytest.approx(singles, abs=5e-3)
    assert found["together"] == pytest.approx(together, abs=5e-3)
    assert found["difference"] == pytest.approx(together - sum(singles), abs=1e-2)
    assert found["kind"] == joint_kind(together, sum(singles)) and found["exact"]
    for i, a in enumerate(removed):
        for j, b in enumerate(removed):
            (c,) = set(removed) - {a, b} if i != j else (None,)
            if i == j:
                assert found["pairs"][i][i] == 0
                continue
            by_hand = [
                value(gone(*rest)) - value(gone(a, *rest)) - value(gone(b, *rest)) + value(gone(a, b, *rest))
                for rest in ((), (c,))
            ]
            assert found["pairs"][i][j] == pytest.approx(sum(by_hand) / 2, abs=1e-2)


@pytest.mark.parametrize("operator", OPERATORS)
def test_why_not_equals_direct_computation(operator, loaded):
    explanation, other = explained(mask_operator=operator), "It was good"
    found = what_if.why_not(explanation, other)
    given = target_of(explanation)
    foil = ResponseTarget(loaded, given.prompt, encode_response(loaded.tokenizer, other), operator)

    def log_prob(target, gone=()):
        return slow_token_log_probs(target, [t not in gone for t in range(len(target.spans))]).sum().item()

    assert found["log_prob"] == pytest.approx(log_prob(given), abs=2e-3)
    assert found["log_prob_other"] == pytest.approx(log_prob(foil), abs=2e-3)
    assert len(found["spans"]) == len(given.spans)
    for t, span in enumerate(found["spans"][:4]):
        drop, drop_other = (log_prob(target) - log_prob(target, (t,)) for target in (given, foil))
        assert span["score"] == pytest.approx(drop - drop_other, abs=5e-3)
        assert PROMPT[span["start"] : span["end"]] == span["text"]
    assert "of the other" in found["sentence"]


def test_why_not_of_a_part_puts_the_other_text_in_its_place():
    explanation = explained(part=[5, 11])
    start, _ = explanation["part"]
    found = what_if.why_not(explanation, "good")
    changed = explained(response="Once good", part=[5, 9])
    assert changed["part"][0] == start
    assert found["log_prob_other"] == pytest.approx(changed["log_prob"], abs=2e-3)
    assert found["log_prob"] == pytest.approx(explanation["log_prob"], abs=2e-3)


def test_a_second_question_costs_no_pass():
    explanation, passes = explained(), Passes()
    for ask in (
        lambda: what_if.removal(explanation, [1, 2], passes),
        lambda: what_if.joint_effect(explanation, [1, 2, 5], passes),
        lambda: what_if.why_not(explanation, "It was good", passes),
    ):
        first, before = ask(), passes.rows
        assert before and ask() == first and passes.rows == before
        passes.rows = 0
    what_if.removal(explanation, [1], passes)
    assert passes.rows == 1


def test_a_question_can_be_stopped():
    def stop(rows):
        raise Stopped("Stopped.")

    with pytest.raises(Stopped):
        what_if.joint_effect(explained(), [1, 2], stop)


def test_an_older_result_without_token_ids_can_be_asked():
    explanation = explained()
    expected = what_if.removal(explanation, [1])
    for token in explanation["response_tokens"]:
        del token["id"]
    assert what_if.removal(explanation, [1]) == expected


def test_a_part_stays_what_it_is_when_run_again():
    explanation = explained(part=[5, 11])
    again = explained(response=explanation["response"], part=part_characters(explanation))
    assert again["part"] == explanation["part"] and again["log_prob"] == explanation["log_prob"]
    assert part_characters(explained()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": None}, "prompt must be text"),
        ({"prompt": "Something else"}, "spans are not those"),
        ({"granularity": ["word"]}, "granularity must be one of"),
        ({"granularity": "token"}, "spans are not those"),
        ({"mask_operator": "burn"}, "mask_operator must be one of"),
        ({"model": 3}, "model must be text"),
        ({"system_prompt": []}, "system_prompt must be text"),
        ({"max_new_tokens": 10**9}, "max_new_tokens must be"),
        ({"spans": "all"}, "spans are not those"),
        ({"spans": [None] * 11}, "spans are not those"),
        ({"response_tokens": None}, "lacks the tokens"),
        ({"response_tokens": [7]}, "lacks the tokens"),
        ({"response_tokens": [], "response": ""}, "answer to explain is empty"),
        ({"response_tokens": [{"id": -1}]}, "not this model's"),
        ({"response_tokens": [{"id": 10**9}]}, "not this model's"),
        ({"response_tokens": [{"id": "5"}]}, "not this model's"),
        ({"response_tokens": [{"id": 5}, {}]}, "not this model's"),
        ({"response_tokens": [{"id": 5}] * 600}, "context of 512 tokens"),
        ({"part": [0, 99]}, "within the answer's"),
        ({"part": "ab"}, "must be two token numbers"),
    ],
)
def test_broken_explanations_are_refused_in_words(change, message):
    explanation = {**explained(), **change}
    for ask in (what_if.removal, what_if.joint_effect, lambda e, r: list(what_if.rewrite(e, r))):
        with pytest.raises(MaskwiseError, match=message):
            ask(explanation, [0])
    with pytest.raises(MaskwiseError, match=message):
        what_if.why_not(explanation, "It was good")


@pytest.mark.parametrize("explanation", [None, [], "text", 3, {}])
def test_what_is_no_explanation_is_refused(explanation):
    with pytest.raises(MaskwiseError):
        what_if.removal(explanation, [])


@pytest.mark.parametrize("removed", [None, 3, [99], [-1], ["1"], [1.0], [True], {}, [[1]]])
def test_bad_removals_are_named(removed):
    with pytest.raises(MaskwiseError, match="removed must be a list of span numbers from 0 to 10"):
        what_if.removal(explained(), removed)


@pytest.mark.parametrize(
    ("other", "message"), [("", "is empty"), (None, "must be text"), (ANSWER, "answer that was given")]
)
def test_bad_other_answers_are_named(other, message):
    with pytest.raises(MaskwiseError, match=message):
        what_if.why_not(explained(), other)
