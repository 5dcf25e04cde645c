"""Clicks of several visitors on one explanation: one pass measures the sets that all wait for."""

from types import SimpleNamespace

import pytest

from components.what_if import removed_set
from components.what_if.questions import AWAITED, RemovalQuestion, explained
from explainers.models import held
from explainers.streams.generation import run
from explainers.streams.known import known_by_model
from explainers.streams.requests.generation import GenerationRequest
from explainers.streams.what_if import removal
from tests.explainers.targets.test_encoder_decoder import tiny
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient."


@pytest.fixture(params=[("llama", "zero"), ("llama", "delete"), ("t5", "delete")], ids="-".join)
def explanation(request, monkeypatch):
    kind, operator = request.param
    loaded = tiny_causal(kind, chat=True) if kind == "llama" else tiny(kind)
    monkeypatch.setattr(held, "load_model", lambda name, task: loaded)
    asked = GenerationRequest(PROMPT, "", "feature_ablation", 1, mask_operator=operator, max_new_tokens=6)
    *_, last = run(asked)
    known_by_model.clear()
    return last


def test_one_run_measures_what_others_wait_for(explanation):
    alone = removal(explanation, [1, 2])
    known_by_model.clear()
    passes = []
    with AWAITED.waits(explained(explanation), [1, 2]), AWAITED.waits("another", [5]):
        list(RemovalQuestion().events(explanation, [3], passes.append))
    asked = len(passes)
    *_, found, _ = RemovalQuestion().events(explanation, [1, 2], passes.append)
    assert sum(passes) == 3 and len(passes) == asked  # none removed, [3], and [1, 2]
    assert found["log_prob_masked"] == pytest.approx(alone["log_prob_masked"], abs=1e-4)
    assert not AWAITED.of(explained(explanation))


def test_a_click_is_waited_for_until_it_is_answered(monkeypatch):
    record = {"prompt": PROMPT, "response_tokens": []}
    subject = SimpleNamespace(
        removal=RemovalQuestion(),
        recorded=lambda record, removed: None,
        explanation=lambda record: record,
        view=lambda *told: None,
        work=lambda *asked: None,
        slot=str,
    )
    section = SimpleNamespace(views=SimpleNamespace(updates=dict))
    seen = []

    def show(*asked):
        seen.append(AWAITED.of(explained(record)))
        yield {}

    monkeypatch.setattr(removed_set, "show", show)
    list(removed_set.measure(section, subject)(record, [4], SimpleNamespace(session_hash="a")))
    assert seen == [[[4]]] and not AWAITED.of(explained(record))
