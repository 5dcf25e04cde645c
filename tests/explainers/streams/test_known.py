"""What earlier runs on a prompt evaluated costs nothing again, whatever the method and k."""

from dataclasses import replace

import pytest
import torch

from explainers.core.errors import Stopped
from explainers.models import held
from explainers.streams import known as known_module
from explainers.streams.generation import run
from explainers.streams.rebuilt import target_of
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.what_if import removal
from explainers.targets.causal import prefix
from explainers.targets.causal.model import CausalModel
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient."
PROVED = {"method": "best_within_budget", "k": 3}
SETTINGS = {"max_new_tokens": 6, "screening": False}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    loaded = tiny_causal("llama", chat=True)
    monkeypatch.setattr(held, "load_model", lambda name, task: loaded)
    monkeypatch.setattr("explainers.streams.report.text_metrics", lambda *answers: [])
    known_module.known_by_model.clear()


def passes_of(reuse, **changes):
    """The passes and the last event of a run."""
    passes = []
    request = GenerationRequest(PROMPT, **SETTINGS | changes)
    events = list(run(request, passes.append, reuse=reuse))
    return sum(passes), events[-1], events


def test_the_next_method_and_k_evaluate_new_masks_alone():
    _, first, _ = passes_of(True, method="exhaustive", k=2)
    alone, own, _ = passes_of(False, method="best_swap", k=2)
    reused, again, events = passes_of(True, method="best_swap", k=2)
    assert again["distinct_masks"] < own["distinct_masks"] and reused < alone
    removed = [[span["removed"] for span in result["spans"]] for result in (own, again)]
    assert removed[0] == removed[1] and again["log_prob_masked"] == pytest.approx(own["log_prob_masked"])
    assert any("known from earlier runs" in note for note in again["notes"])
    assert not any("known from" in note for note in [*own["notes"], *first["notes"]])
    assert [event["text"] for event in events if event["type"] == "response"] == [own["response"]]


def test_a_question_on_the_result_finds_its_masks_known():
    _, explanation, _ = passes_of(True, method="feature_ablation", k=1)
    target = target_of(explanation)
    target.log_prob(1 - torch.eye(len(target.spans)))  # all single removals
    assert target.forward_passes == 0


@pytest.mark.parametrize("part", [None, [0, 2]])
def test_the_next_question_on_a_result_does_not_read_anew_what_precedes_its_words(monkeypatch, part):
    explanation = passes_of(True, method="feature_ablation", k=1)[1] | {"part": part}
    slow = removal(explanation, [1])
    known_module.known_by_model.clear()
    read, reads = CausalModel.keys_values, []
    monkeypatch.setattr(
        CausalModel, "keys_values", lambda *asked, **how: reads.append(1) or read(*asked, **how)
    )
    first, second = removal(explanation, [0]), removal(explanation, [1])
    assert len(reads) == 1 and first["removed"] == [0]
    assert second["log_prob_masked"] == pytest.approx(slow["log_prob_masked"], abs=1e-5)
    monkeypatch.setattr(prefix, "MOST_BYTES", 0)
    known_module.known_by_model.clear()
    assert removal(explanation, [1]) == slow and removal(explanation, [0]) == first
    assert len(reads) == 3  # a large one is not kept in memory


@pytest.mark.parametrize("screened", [False, True])
def test_a_proof_that_was_stopped_goes_on_where_it_ended(monkeypatch, screened):
    """Nothing goes through the model before the set is shown, and no check of the proof is counted twice."""
    if screened:  # the cheap form is the model itself
        monkeypatch.setattr(
            "explainers.targets.response._rough_form", lambda loaded, exact: replace(exact, model=exact.model)
        )
    prompt = f"{PROMPT} They live in a small town by the sea, with a dog and a cat."
    request = GenerationRequest(prompt, **SETTINGS | PROVED | {"screening": screened})
    said, passes = [], []

    def stop_in_proof(rows):
        if sum(event.get("phase") == "prove" for event in said) >= 3:
            raise Stopped("Stopped.")

    for event in run(request, stop_in_proof, reuse=True):
        said.append(event)
    stopped, again = said[-1]["unproved"], []
    for event in run(request, passes.append, reuse=True):
        again.append(event | {"passes": sum(passes)})
    shown = next(event for event in again if event["type"] == "shown")
    assert shown["passes"] == 0 and shown["unproved"] == stopped and shown["metrics"] == said[-1]["metrics"]
    counts = [event["checked"][0] for event in again if event.get("phase") == "prove"]
    assert counts == sorted(set(counts)) and again[-1]["certificate"].startswith("Locally optimal")
    assert len({event["log_prob_masked"] for event in (said[-1], shown)}) == 1


def test_nothing_is_reused_unless_asked_for():
    first, _, _ = passes_of(False, method="best_swap", k=2)
    assert passes_of(False, method="best_swap", k=2)[0] == first


def test_what_is_full_is_forgotten(monkeypatch):
    passes_of(True, method="best_swap", k=2)
    monkeypatch.setattr("explainers.targets.response.MOST_MASKS", 3)
    _, again, _ = passes_of(True, method="best_swap", k=2)
    assert not any("known from" in note for note in again["notes"])
