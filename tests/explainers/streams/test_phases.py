"""A result first, its proof after: what the stream says in which phase, and what a Stop leaves."""

import pytest

from explainers import explain_generation
from explainers.core.errors import Stopped
from explainers.models import held
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient in a small town by the sea."
SETTINGS = {"method": "best_within_budget", "k": 3, "max_new_tokens": 6}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task: tiny_causal("llama", chat=True))


def stopped_in(phase: str) -> list[dict]:
    """Events of a run that is stopped at the third step of a phase."""
    steps = []

    def on_forward(rows):
        if sum(event.get("phase") == phase for event in steps) >= 3:
            raise Stopped("Stopped.")

    events = []
    for event in explain_generation(PROMPT, on_forward=on_forward, **SETTINGS):
        events.append(event)
        steps += [event] if event["type"] == "step" else []
    return events


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


def test_a_stop_while_it_looks_keeps_the_best_so_far():
    last = stopped_in("find")[-1]
    assert last["type"] == "explanation" and last["stopped"] and last["masked_response"] == ""
    assert "Stopped after" in last["notes"][-1]


def test_a_stop_in_the_proof_keeps_the_set_its_answer_and_measures():
    events = stopped_in("prove")
    shown, last = next(event for event in events if event["type"] == "shown"), events[-1]
    assert last["stopped"] and "checks of the proof" in last["notes"][-1]
    if [s["removed"] for s in last["spans"]] == [s["removed"] for s in shown["spans"]]:
        assert last["masked_response"] == shown["masked_response"] != ""
        assert last["metrics"] == shown["metrics"] and last["spans"] == shown["spans"]
