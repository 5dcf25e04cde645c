"""A result first, its proof after: what the stream says in which phase, and what a Stop leaves."""

import pytest

from explainers import explain_generation
from explainers.core.errors import Stopped
from explainers.models import held
from explainers.reports.html_report import explanation_html
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient in a small town by the sea."
SETTINGS = {"method": "best_within_budget", "k": 3, "max_new_tokens": 6}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task: tiny_causal("llama", chat=True))


def stopped_in(phase: str, **settings) -> list[dict]:
    """Events of a run that is stopped at the third event of a phase of the search, or of a type."""
    events = []

    def on_forward(rows):
        if sum(phase in (event["type"], event.get("phase")) for event in events) >= 3:
            raise Stopped("Stopped.")

    for event in explain_generation(PROMPT, on_forward=on_forward, **SETTINGS | settings):
        events.append(event)
    return events


def file_of(events: list[dict]) -> str:
    return explanation_html({"tab": "generation", "events": events})


def test_a_set_and_its_answer_are_shown_before_the_proof():
    events = list(explain_generation(PROMPT, **SETTINGS))
    kinds = [event["type"] for event in events]
    at = kinds.index("shown")
    assert kinds.count("shown") == 1 and kinds[-1] == "explanation" and "masked_response" in kinds[:at]
    assert {event["phase"] for event in events[:at] if event["type"] == "step"} == {"find"}
    proof = [event for event in events[at:] if event["type"] == "step"]
    assert {event["phase"] for event in proof} == {"prove"}
    done, wanted = proof[-1]["checked"]
    assert done == wanted == 3 * (len(events[-1]["spans"]) - 3)
    shown, last = events[at], events[-1]
    assert shown.keys() == last.keys() and shown["log_prob_masked"] >= last["log_prob_masked"] - 1e-3
    assert shown["certificate"].startswith("Best found") and last["certificate"].startswith("Locally optimal")
    assert last["forward_passes"] >= last["distinct_masks"]


def test_what_was_shown_is_not_written_again():
    events = list(explain_generation(PROMPT, **SETTINGS))
    shown = next(event for event in events if event["type"] == "shown")
    after = [event["type"] for event in events[events.index(shown) + 1 :]]
    removed = [[span["removed"] for span in event["spans"]] for event in (shown, events[-1])]
    assert ("masked_response" in after) == (removed[0] != removed[1])


def test_a_stop_before_any_set_is_found_says_so():
    last = stopped_in("find", method="best_swap")[-1]
    assert not any(span["removed"] for span in last["spans"])
    assert last["notes"][-1].endswith("steps: no set has been found yet.")


def test_a_stop_while_it_looks_keeps_the_best_so_far():
    *events, last = stopped_in("find")
    assert last["type"] == "explanation" and last["stopped"] and last["masked_response"] == ""
    assert "Stopped after" in last["notes"][-1]
    assert last["evaluations"] > 0 and last["seconds"] > 0
    steps = [event for event in events if event["type"] == "step"]
    drops = {event["proposed"][0]: last["log_prob"] - event["proposal"] for event in steps}
    assert 3 <= len(drops) < len(last["spans"]) and "when this span alone is removed" in last["score_meaning"]
    scores = [span["score"] for span in last["spans"]]
    assert scores == pytest.approx([drops.get(t, 0.0) for t in range(len(scores))], abs=1e-3)
    assert "Not written: the run ended before." in file_of([*events, last])


def test_scores_of_a_search_that_tried_no_word_alone_claim_nothing():
    last = stopped_in("find", method="xprompt")[-1]
    assert [span["score"] for span in last["spans"]] == [float(span["removed"]) for span in last["spans"]]
    assert last["stopped"] and "nats" not in last["score_meaning"]


@pytest.mark.parametrize("method", ["best_within_budget", "feature_ablation"])
def test_a_stop_while_the_answer_without_the_words_is_written_keeps_what_there_is(method):
    *events, last = stopped_in("masked_response", method=method)
    written = [event["text"] for event in events if event["type"] == "masked_response"]
    assert last["masked_response"] == written[-1] and len(written) == 3
    assert last["stopped"] and "Stopped while the answer" in last["notes"][-1]
    names = {metric["name"] for metric in last["metrics"]}
    assert "probability_ratio" in names and "bleu" not in names


def test_a_stop_in_the_proof_keeps_the_set_its_answer_and_measures():
    events = stopped_in("prove")
    shown, last = next(event for event in events if event["type"] == "shown"), events[-1]
    assert last["stopped"] and "checks of the proof" in last["notes"][-1]
    done, wanted = next(event["checked"] for event in reversed(events) if event.get("checked"))
    assert f" {done} of {wanted} checks of the proof were made." in last["certificate"]
    assert last["unproved"] == {"left": wanted - done, "wanted": wanted, "options": {}}
    assert f"Not proved: {wanted - done} of the {wanted} sets that the proof asks for" in file_of(events)
    if [s["removed"] for s in last["spans"]] == [s["removed"] for s in shown["spans"]]:
        assert last["masked_response"] == shown["masked_response"] != ""
        assert last["metrics"] == shown["metrics"] and last["spans"] == shown["spans"]
