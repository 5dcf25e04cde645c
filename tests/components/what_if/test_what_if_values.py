"""The What-if tab's plain values: sets of removed words, losses, parts, and what they become in words."""

import copy

import pytest

from components.generation.tab import stored_record
from components.what_if.questions import JointQuestion, RemovalQuestion, RewriteQuestion, WhyNotQuestion
from components.what_if.values import JOINT_EMPTY, measured
from components.what_if.view import (
    ActionView,
    PartView,
    chosen,
    method_set,
    needed_explanation,
    of_link,
    opened,
    part_of,
    part_request,
    recorded,
    toggled,
)
from explainers.streams import what_if


@pytest.fixture
def record():
    return copy.deepcopy(stored_record())


@pytest.fixture
def explanation(record):
    return needed_explanation(record)


def removal_of(explanation, removed, masked):
    """A removal that leaves each token log p `masked`."""
    tokens = [{**token, "log_prob_masked": masked} for token in explanation["response_tokens"]]
    total = masked * len(tokens)
    ratio = {"log_prob": explanation["log_prob"], "log_prob_masked": total, "probability_ratio": 0.5}
    return {"removed": removed, "response_tokens": tokens, **ratio}


def test_a_click_removes_and_a_second_one_restores():
    assert toggled([6, 3], 9, 14) == [3, 6, 9]
    assert toggled([3, 6, 9], 6, 14) == [3, 9]
    for nonsense in (14, -1, None, "3", 2.0, True, [1]):
        assert toggled([6, 3], nonsense, 14) == [3, 6]


def test_a_links_set_is_applied_to_its_own_prompt_alone(explanation):
    inputs = {"prompt": f"  {explanation['prompt']}\r\n", "granularity": "word", "removed": [9, 3, 3]}
    assert of_link(explanation, inputs) == ([3, 9], "")
    assert of_link(explanation, {"removed": []}) == ([], "")
    removed, note = of_link(explanation, inputs | {"removed": [13, 14, 20_000]})
    assert removed == [13] and note == "Left out: 2 of the link's words, for this prompt has only 14."
    assert chosen(explanation, removed, note)["strip"]["legend"].startswith(note)
    for other in ({"prompt": "Another"}, {"granularity": "token"}):
        removed, note = of_link(explanation, inputs | other)
        assert removed == method_set(explanation) and "another prompt" in note


def test_it_opens_with_the_methods_set_and_its_answers(record, explanation):
    shown = opened(record)
    removed = [span["text"] for span in explanation["spans"] if span["removed"]]
    assert [s["text"] for s in shown["strip"]["spans"] if s["removed"]] == removed
    assert shown["strip"]["selected"] == method_set(explanation) and len(removed) == 3
    assert f"{explanation['title']} chose this set" in shown["status"]["text"]
    assert shown["diff"]["lost"] > 0
    assert shown["result"]["parts"][1] == ["strong", removed[0]]


def test_the_record_tells_two_sets_and_no_other(explanation):
    losses = [span["score"] for span in recorded(explanation, method_set(explanation))["answer"]["spans"]]
    assert sum(losses) == pytest.approx(explanation["log_prob"] - explanation["log_prob_masked"], abs=1e-3)
    none = recorded(explanation, [])
    assert {span["score"] for span in none["answer"]["spans"]} == {0}
    assert "stays as likely as before" in none["result"]["parts"][-1][1]
    assert recorded(explanation, [0]) is None


def test_another_set_takes_away_what_was_found_of_the_last(explanation):
    shown = chosen(explanation, [3, 6])
    assert shown["diff"]["masked"] is None and "Write the answer again" in shown["diff"]["waiting"]
    assert shown["joint"] == {"empty": JOINT_EMPTY}
    assert [span["removed"] for span in shown["strip"]["spans"]].count(True) == 2


def test_losses_stand_at_the_tokens_of_the_answer(explanation):
    value = measured(explanation, removal_of(explanation, [0], -3.0))["answer"]
    assert value["text"] == explanation["response"]
    for span in value["spans"]:
        assert value["text"][span["start"] : span["end"]] == span["text"]
        assert span["text"] == "\n" or not span["text"][0].isspace()
    first = explanation["response_tokens"][0]["log_prob"]
    assert value["spans"][0]["score"] == pytest.approx(first + 3)
    assert value["spans"][0]["lines"][0].endswith("→ −3.00 nats")
    assert value["spans"][0]["lines"][1].endswith("→ 5 %")
    assert value["limit"] >= max(abs(span["score"]) for span in value["spans"])


def test_small_losses_stay_pale_and_gains_are_said(explanation):
    removal = removal_of(explanation, [0], 0.0)
    removal["response_tokens"] = [
        {"text": "a", "log_prob": -0.02, "log_prob_masked": -0.01},
        {"text": "b", "log_prob": -0.5, "log_prob_masked": -20.0},
    ]
    shown = measured(explanation, removal)
    assert f"rises by {-explanation['log_prob']:.2f} nats" in shown["result"]["facts"][0][1]
    assert shown["answer"]["spans"][1]["lines"][1] == "probability 61 % → under 0.01 %"
    removal["response_tokens"] = removal["response_tokens"][:1]
    assert measured(explanation, removal)["answer"]["limit"] == 1


def test_a_part_is_a_range_of_tokens_that_holds_words(explanation):
    (start, end), text = part_of(explanation, [20, 21])
    assert text == "".join(token["text"] for token in explanation["response_tokens"][20:22])
    assert explanation["response"][start:end] == text
    last = len(explanation["response_tokens"]) - 1
    for nothing in ([], None, [3], [5, 4], [-1, 2], [0, last + 1], [0.0, 1], ["0", 1]):
        assert part_of(explanation, nothing) is None
    explanation["response_tokens"][last]["text"] = "\n"
    assert part_of(explanation, [last, last]) is None


def test_a_part_is_explained_as_the_record_was_made(explanation):
    explanation |= {"seed": 7, "mask_operator": "delete"}
    request = part_request(explanation, [103, 123], method="feature_ablation", k=2, options={})
    assert (request.method, request.k, request.seed, request.mask_operator) == (
        "feature_ablation",
        2,
        7,
        "delete",
    )
    assert request.response == explanation["response"] and list(request.part) == [103, 123]


def test_the_result_of_a_part_names_it(explanation):
    view = PartView(explanation, " compassionate doctor")
    assert view.values()["part_strip"]["empty"]
    view.add({**explanation, "part": [20, 22]})
    shown = view.values()
    assert shown["part_result"]["facts"][0] == ["part", "“compassionate doctor”"]
    assert "each token of this part" in shown["part_result"]["parts"][-1][1]
    assert len(shown["part_strip"]["spans"]) == 14


def play(question, explanation, asked):
    view = ActionView(explanation, question.failed(explanation))
    for event in question.events(explanation, asked, None):
        view.add(event)
    return view.values()


def test_questions_become_values(explanation, monkeypatch):
    effect = {"removed": [6, 9], "together": 9.0, "singles": [2.0, 1.0], "sum": 3.0, "difference": 6.0}
    effect |= {"kind": "redundant", "pairs": [[0, -6.0], [-6.0, 0]], "exact": True, "sentences": ["So."]}
    monkeypatch.setattr(what_if, "joint_effect", lambda *asked: effect)
    monkeypatch.setattr(what_if, "removal", lambda e, removed, hook, others: removal_of(e, removed, -3.0))
    other = {"other": "No", "log_prob": -1.0, "log_prob_other": -2.0, "spans": explanation["spans"]}
    monkeypatch.setattr(what_if, "why_not", lambda *asked: other | {"sentence": "For the given one."})
    texts = [{"text": "As the"}, {"text": "As the moon"}]
    monkeypatch.setattr(what_if, "rewrite", lambda *asked: iter(texts))

    joint = play(JointQuestion(), explanation, [6, 9])["joint"]
    drops, pairs = joint["charts"]
    assert (
        [row[0] for row in drops["table"]["rows"]][2:] == ["doctor", "patient"] == pairs["table"]["head"][1:]
    )
    assert drops["figure"]["data"][0]["x"] == [9.0, 3.0, 2.0, 1.0]
    assert pairs["note"].startswith("Exact") and joint["sentences"] == ["So."]
    shown = play(RemovalQuestion(), explanation, [0])
    assert shown["status"]["state"] == "done" and shown["status"]["text"] == "1 of 14 words removed."
    assert ["strong", "Write"] in shown["result"]["parts"]
    assert play(RewriteQuestion(), explanation, [0])["diff"]["masked"][0] == ["same", "As the "]
    shown = play(WhyNotQuestion(), explanation, "No")
    assert shown["why_result"]["parts"] == [["text", "For the given one."]]
    assert not any(span["removed"] for span in shown["why_strip"]["spans"])


def test_a_measurement_that_fails_leaves_no_numbers_of_another_set(explanation):
    view = ActionView(explanation, RemovalQuestion().failed(explanation))
    view.add({"type": "error", "text": "Too long. Shorten it."})
    shown = view.values()
    assert shown["status"]["state"] == "error" and "Shorten it" in shown["status"]["text"]
    assert shown["result"] == {}
    assert {span["score"] for span in shown["answer"]["spans"]} == {None}
    assert "strip" not in shown
