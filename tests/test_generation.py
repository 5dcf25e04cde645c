"""The stream of one explanation from request to result, on a tiny model."""

import json
import math

import pytest

from explainers import explain_generation
from explainers.core import models
from explainers.core.errors import MaskwiseError, Stopped
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient."
FIELDS = {
    "model", "revision", "method", "options", "seed", "k", "granularity", "mask_operator", "prompt",
    "response", "response_tokens", "spans", "log_prob", "log_prob_masked", "probability_ratio",
    "masked_response", "metrics", "evaluations", "forward_passes", "seconds", "versions",
}  # fmt: skip
METRICS = [
    "bleu", "rouge_l_precision", "rouge_l_recall", "rouge_l_f1", "sentence_bert", "probability_ratio", "kl",
    "kl_published",
]  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(models, "load_model", lambda name, task: tiny_causal("llama", chat=True))


def explain(prompt=PROMPT, **settings):
    settings = {"max_new_tokens": 12, "method": "feature_ablation", **settings}
    return list(explain_generation(prompt, **settings))


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
def test_result_is_complete_and_consistent(granularity, operator):
    k = 1 if granularity == "sentence" else 2
    result = explain(granularity=granularity, mask_operator=operator, k=k, response="Once upon a time")[-1]
    assert set(result) >= FIELDS
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert [m["name"] for m in result["metrics"]] == METRICS
    tokens = result["response_tokens"]
    assert "".join(t["text"] for t in tokens) == result["response"] == "Once upon a time"
    assert sum(t["log_prob"] for t in tokens) == pytest.approx(result["log_prob"], abs=1e-3)
    assert sum(t["log_prob_masked"] for t in tokens) == pytest.approx(result["log_prob_masked"], abs=1e-3)
    ratio = math.exp((result["log_prob_masked"] - result["log_prob"]) / len(tokens))
    assert result["probability_ratio"] == pytest.approx(ratio, rel=1e-4)
    assert sum(span["removed"] for span in result["spans"]) == k
    assert all(PROMPT[s["start"] : s["end"]] == s["text"] for s in result["spans"])


def test_events_come_in_order():
    events = explain(method="xprompt", options={"iterations": 15})
    kinds = [event["type"] for event in events]
    assert kinds[-1] == "explanation" and kinds.count("explanation") == kinds.count("prompt") == 1
    assert (
        kinds.index("response") < kinds.index("prompt") < kinds.index("step") < kinds.index("masked_response")
    )
    steps = [event for event in events if event["type"] == "step"]
    assert [s["step"] for s in steps] == list(range(1, 16)) and all(s["total"] == 15 for s in steps)
    best = [s["log_prob"] for s in steps]
    assert best == sorted(best, reverse=True)
    assert best[-1] == pytest.approx(events[-1]["log_prob_masked"], abs=1e-3)
    answers = [event["text"] for event in events if event["type"] == "response"]
    assert answers[-1] == events[-1]["response"]


def test_the_same_seed_gives_the_same_result():
    def run(seed):
        events = explain(method="xprompt", seed=seed, options={"iterations": 30, "initialisation": "random"})
        return [{**e, "seconds": 0} for e in events]

    assert run(3) == run(3)
    assert run(3) != run(4)


def stop_after(passes):
    def on_forward(rows, seen=[0]):  # noqa: B006 (a counter)
        seen[0] += rows
        if seen[0] > passes:
            raise Stopped("Stopped.")

    return on_forward


def test_a_stopped_search_keeps_its_best_set():
    *steps, result = [
        e
        for e in explain(method="xprompt", on_forward=stop_after(30))
        if e["type"] in ("step", "explanation")
    ]
    assert result["stopped"] and 0 < len(steps) < 100
    assert [t for t, s in enumerate(result["spans"]) if s["removed"]] == steps[-1]["removed"]
    assert result["log_prob_masked"] == pytest.approx(steps[-1]["log_prob"], abs=1e-3)
    assert result["masked_response"] == "" and "Stopped after" in result["notes"][0]


def test_a_stop_before_the_search_raises():
    with pytest.raises(Stopped):
        explain(on_forward=stop_after(3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prompt": " "}, "prompt is empty"),
        ({"k": 99}, "has only 11 words. Choose k between 1 and 11"),
        ({"k": 0}, "k must be a whole number"),
        ({"k": "3"}, "k must be a whole number"),
        ({"method": "magic"}, "method must be one of"),
        ({"granularity": "letter"}, "granularity must be one of"),
        ({"mask_operator": "burn"}, "mask_operator must be one of"),
        ({"max_new_tokens": 10**6}, "max_new_tokens must be a whole number between 1 and 512"),
        ({"seed": -1}, "seed must be"),
        ({"prompt": 7}, "prompt must be text"),
        ({"prompt": "a" * 30_000}, "limited to 20,000 characters"),
        ({"prompt": "word " * 900}, "context of 512 tokens"),
        ({"options": {"speed": 3}}, "has no option 'speed'"),
        ({"method": "xprompt", "options": {"iterations": 0}}, "iterations must lie between 1 and 1000"),
        ({"method": "xprompt", "options": {"iterations": float("nan")}}, "iterations must be of type int"),
        (
            {"method": "xprompt", "options": {"proposals": "best"}},
            "proposals must be one of gradient, uniform",
        ),
        ({"method": "xprompt", "options": {"iterations": "many"}}, "iterations must be of type int"),
        ({"method": "xprompt", "options": {"k": 99}}, "has no option 'k'"),
        ({"options": []}, "options must be an object"),
    ],
)
def test_bad_requests_name_the_fix(settings, message):
    with pytest.raises(MaskwiseError, match=message):
        explain(**settings)
