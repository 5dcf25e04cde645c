"""What-if removals of a classification, on a tiny model."""

import json
from math import log

import pytest

from explainers import explain_classification
from explainers.core.errors import MaskwiseError
from explainers.models import held
from explainers.streams.class_what_if import class_joint_effect, class_removal
from tests.explainers.streams.test_what_if import Passes
from tests.tiny_models import tiny_masked

TEXT = "The movie was great , but the ending was bad ."
WORDS = {"good": ["great", "good"], "bad": ["bad", "terrible"], "news": ["news"]}


@pytest.fixture(scope="module")
def tiny():
    return tiny_masked("bert")


@pytest.fixture(autouse=True)
def loaded(monkeypatch, tiny):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: tiny)
    return tiny


def explained(text=TEXT, **settings) -> dict:
    """An explanation event as it comes out of a file."""
    settings = {"task": "custom", "label_words": WORDS, "method": "gradient_x_input", **settings}
    return json.loads(json.dumps(list(explain_classification(text, **settings))[-1]))


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@pytest.mark.parametrize("verbalizer", ["manual", "soft"])
def test_removal_equals_the_run_and_a_text_without_the_words(operator, verbalizer):
    settings = {"verbalizer": verbalizer, "options": {"mask_operator": operator, "granularity": "word"}}
    explanation = explained(**settings)
    removed = [3, 5]
    found = class_removal(explanation, removed)
    assert found["removed"] == removed and found["label"] == explanation["label"]
    before = {row["label"]: row["probability"] for row in explanation["labels"]}
    assert {row["label"]: row["probability"] for row in found["labels"]} == pytest.approx(before, abs=1e-5)
    after = [row["probability_masked"] for row in found["labels"]]
    assert sum(after) == pytest.approx(1) and after != pytest.approx(list(before.values()), abs=1e-4)
    if operator == "delete":
        shorter = " ".join(s["text"] for t, s in enumerate(explanation["spans"]) if t not in removed)
        rows = explained(shorter, **settings)["labels"]
        assert after == pytest.approx([row["probability"] for row in rows], abs=1e-4)


def test_removing_what_the_method_removed_gives_its_own_number():
    explanation = explained(label="news")
    removed = [t for t, span in enumerate(explanation["spans"]) if span["removed"]]
    found = class_removal(explanation, removed)
    (row,) = (row for row in found["labels"] if row["label"] == "news")
    assert found["label"] == "news" and removed
    expected = 2.718281828459045 ** explanation["log_prob_masked"]
    assert row["probability_masked"] == pytest.approx(expected, rel=1e-4)


def test_a_second_question_costs_no_pass():
    explanation, passes = explained(verbalizer="knowledgeable"), Passes()
    first, before = class_removal(explanation, [1], passes), passes.rows
    assert before and class_removal(explanation, [1], passes) == first and passes.rows == before
    class_removal(explanation, [2], passes)
    assert passes.rows == before + 1


def test_another_question_is_not_answered_from_memory():
    plain, calm = explained(), explained(options={"mask_operator": "delete"})
    other = explained(template="{text} It was <mask> .")
    answers = [class_removal(e, [1])["labels"] for e in (plain, calm, other)]
    assert answers[0] != answers[1] and answers[0] != answers[2]


def test_a_model_in_memory_can_be_given(monkeypatch, loaded):
    explanation = explained()
    expected = class_removal(explanation, [1])
    monkeypatch.setattr(held, "load_model", None)
    assert class_removal(explanation, [1], loaded=loaded) == expected


def test_the_joint_effect_is_the_drop_of_the_explained_class():
    explanation = explained(label="news", options={"granularity": "word"})
    effect, passes = class_joint_effect(explanation, [5, 3, 3]), Passes()

    def drop(removed):
        (row,) = (r for r in class_removal(explanation, removed, passes)["labels"] if r["label"] == "news")
        return log(row["probability"] / row["probability_masked"])

    assert effect["removed"] == [3, 5]
    assert effect["together"] == pytest.approx(drop([3, 5])) and effect["together"] != 0
    assert effect["singles"] == pytest.approx([drop([3]), drop([5])])
    assert effect["pairs"][0][1] == pytest.approx(sum(effect["singles"]) - effect["together"], abs=1e-6)
    assert "these 2 words" in effect["sentences"][0]
    assert passes.rows == 0  # what the joint effect has evaluated is kept


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": None}, "text must be text"),
        ({"text": "Something else"}, "spans are not those"),
        ({"task": ["x"]}, "task must be one of"),
        ({"method": "magic"}, "method must be one of"),
        ({"model": 3}, "model must be text"),
        ({"template": "no marks"}, "lacks <mask>"),
        ({"label_words": "all"}, "label_words must be an object"),
        ({"label": "sports"}, "none of the classes"),
        ({"label": None}, "label must be text"),
        ({"options": []}, "options must be an object"),
        ({"options": {"granularity": "letter"}}, "granularity must be one of"),
        ({"verbalizer": "magic"}, "verbalizer must be one of"),
        ({"spans": None}, "spans are not those"),
    ],
)
def test_broken_explanations_are_refused_in_words(change, message):
    with pytest.raises(MaskwiseError, match=message):
        class_removal({**explained(), **change}, [0])


@pytest.mark.parametrize("explanation", [None, [], "text", {}])
def test_what_is_no_explanation_is_refused(explanation):
    with pytest.raises(MaskwiseError):
        class_removal(explanation, [])


@pytest.mark.parametrize("removed", [None, [99], ["1"], [-1]])
def test_bad_removals_are_named(removed):
    with pytest.raises(MaskwiseError, match="removed must be a list of span numbers"):
        class_removal(explained(), removed)
