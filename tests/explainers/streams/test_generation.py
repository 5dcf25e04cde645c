"""The stream of one explanation from request to result, on a tiny model."""

import json
import math

import pytest

from explainers import explain_generation
from explainers.core.errors import MaskwiseError, Stopped
from explainers.measures.text import METRICS
from explainers.models import held
from explainers.text.response_part import part_tokens
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient."
FIELDS = {
    "model", "revision", "method", "options", "seed", "k", "granularity", "mask_operator", "prompt",
    "response", "response_tokens", "spans", "log_prob", "log_prob_masked", "probability_ratio",
    "masked_response", "metrics", "evaluations", "forward_passes", "seconds", "versions",
}  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: tiny_causal("llama", chat=True))


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
    assert [m["name"] for m in result["metrics"]] == list(METRICS)
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
    places = [kinds.index(kind) for kind in ("response", "prompt", "step", "masked_response")]
    assert places == sorted(places)
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
    events = explain(method="xprompt", on_forward=stop_after(30))
    *steps, result = [event for event in events if event["type"] in ("step", "explanation")]
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
        ({"prompt": "\u200b \u3164"}, "holds nothing that can be seen. Type a prompt"),
        ({"prompt": "Hello", "k": 2}, "has only 1 word. Choose k = 1, or remove whole tokens."),
        ({"k": 99, "granularity": "token"}, r"Choose k between 1 and \d+\.$"),
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


def test_a_part_of_the_answer_is_explained():
    whole, part = (explain(response="Once upon a time", part=part)[-1] for part in ([], [5, 11]))
    assert whole["part"] is None
    start, end = part["part"]
    tokens = part["response_tokens"]
    assert "".join(token["text"] for token in tokens[start:end]).strip() == "upon a"
    assert [t["log_prob"] for t in tokens] == pytest.approx([t["log_prob"] for t in whole["response_tokens"]])
    before, after = (sum(t[name] for t in tokens[start:end]) for name in ("log_prob", "log_prob_masked"))
    assert (part["log_prob"], part["log_prob_masked"]) == pytest.approx((before, after), abs=1e-3)
    assert part["probability_ratio"] == pytest.approx(math.exp((after - before) / (end - start)), rel=1e-4)
    ratio, kl = (metric_of(part, name) for name in ("probability_ratio", "kl"))
    assert ratio == part["probability_ratio"] and kl != metric_of(whole, "kl")
    assert part["response"] == whole["response"] == "Once upon a time"
    assert [s["score"] for s in part["spans"]] != [s["score"] for s in whole["spans"]]


def metric_of(result, name):
    return next(m["value"] for m in result["metrics"] if m["name"] == name)


def test_an_answer_given_back_keeps_its_own_tokens():
    """A random model spells its words in other tokens than the tokenizer would."""
    written = explain()[-1]
    given = explain(response=written["response"])[-1]
    ids = [token["id"] for token in written["response_tokens"]]
    assert [token["id"] for token in given["response_tokens"]] == ids
    assert given["log_prob"] == written["log_prob"]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ([0], "part must be empty, or two whole numbers"),
        ("ab", "part must be empty, or two whole numbers"),
        ([0, "2"], "part must be empty, or two whole numbers"),
        ([0, True], "part must be empty, or two whole numbers"),
        ([3, 3], "end after its start"),
        ([-1, 3], "begin at 0 or later"),
        ([0, 99], "ends at character 99, but the answer has 16"),
        ([4, 5], "only white space"),
    ],
)
def test_bad_parts_name_the_fix(part, message):
    with pytest.raises(MaskwiseError, match=message):
        explain(response="Once upon a time", part=part)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("Once", (0, 1)), ("ce up", (0, 2)), (" a ", (2, 3)), ("déjà", (3, 5)), ("à", (4, 5)), ("🙂", (6, 9))],
)
def test_characters_become_tokens(chosen, expected):
    class Pieces:
        def decode(self, ids, **_):
            texts = ["Once", " upon", " a", " d", "éjà", " ", "\ufffd", "\ufffd", "🙂", "!"]
            joined = "".join(texts[i] for i in ids if i < 6 or i > 7)
            return joined + ("\ufffd" if ids[-1] in (6, 7) else "")

    text = "Once upon a déjà 🙂!"
    part = [text.index(chosen), text.index(chosen) + len(chosen)]
    assert part_tokens(Pieces(), range(10), part, text) == expected
