"""Several methods side by side, their floor, the sweep over k and the convergence, on a tiny model."""

import json
import math
from statistics import mean, stdev

import pytest
from scipy.stats import t as student

from explainers import EXPLAINERS
from explainers.core.base import Explainer, explainers_for
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import SearchStep, Task
from explainers.measures import text as metrics
from explainers.models import held
from explainers.streams.comparison import compare, planned
from explainers.streams.removals import TEXT_DRAWS, Removals, random_masks
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.sweep import VARIANTS, convergence, sweep
from explainers.targets.answers.decoding import greedy_tokens
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.slow_reference import slow_token_log_probs
from tests.tiny_models import tiny_causal

PROMPT = "Write a short story about a doctor and his patient."
ANSWER = "Once upon a time"
METHODS = ["best_swap", "feature_ablation", "random_removal"]
ROW = {
    "type", "method", "title", "spans", "removed", "log_prob_masked", "probability_ratio", "metrics",
    "seconds", "forward_passes", "certificate", "error", "masked_response",
}  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: tiny_causal("llama", chat=True))
    monkeypatch.setattr(metrics, "sentence_encoder", lambda: None)
    monkeypatch.setattr(metrics, "sentence_similarity", lambda a, b, encoder: 0.5)


def request(methods=METHODS, **settings):
    settings = {"k": 2, "draws": 7, "max_new_tokens": 6, "response": ANSWER, **settings}
    return ComparisonRequest(PROMPT, methods, **settings)


def fresh_target(operator="zero"):
    loaded = tiny_causal("llama", chat=True)
    prompt = render_prompt(loaded.tokenizer, PROMPT)
    return ResponseTarget(loaded, prompt, encode_response(loaded.tokenizer, ANSWER), operator)


def of_type(events, kind):
    return [event for event in events if event["type"] == kind]


@pytest.fixture
def events():
    return list(compare(request(response="")))


def test_events_come_in_order_and_are_complete(events):
    kinds = list(dict.fromkeys(event["type"] for event in events))
    assert kinds == ["status", "response", "prompt", "floor", "row", "compared"]
    assert json.loads(json.dumps(events, allow_nan=False)) == events
    rows = of_type(events, "row")
    assert [row["method"] for row in rows] == METHODS == events[-1]["methods"]
    assert all(set(row) == ROW and row["error"] is None and len(row["removed"]) == 2 for row in rows)
    assert all(set(row["metrics"]) == set(metrics.METRICS) for row in rows)
    assert all([t for t, s in enumerate(r["spans"]) if s["removed"]] == r["removed"] for r in rows)
    assert rows[0]["certificate"].startswith("Locally optimal") and not events[-1]["stopped"]
    assert events[-1]["request"]["methods"] == METHODS and events[-1]["request"]["k"] == 2


def test_a_row_is_what_the_method_finds_alone():
    for row in of_type(compare(request()), "row"):
        target = fresh_target()
        explanation = request().single(row["method"]).explainer().explain(target)
        assert row["forward_passes"] == target.forward_passes
        assert row["removed"] == [t for t, kept in enumerate(explanation.mask) if not kept]
        assert [span["score"] for span in row["spans"]] == pytest.approx(list(explanation.scores), abs=1e-3)
        slow = slow_token_log_probs(target, explanation.mask).sum().item()
        full = slow_token_log_probs(target, target.full_mask()).sum().item()
        assert row["log_prob_masked"] == pytest.approx(slow, abs=2e-3)
        ratio = math.exp((slow - full) / len(target.response_ids))
        assert row["probability_ratio"] == pytest.approx(ratio, rel=2e-3)


def test_what_a_method_costs_does_not_depend_on_the_order():
    def passes(methods):
        return {row["method"]: row["forward_passes"] for row in of_type(compare(request(methods)), "row")}

    assert passes(METHODS) == passes(METHODS[::-1])


@pytest.mark.parametrize("operator", ["zero", "delete"])
def test_the_floor_is_that_of_random_sets(operator):
    target = fresh_target(operator)
    floor = Removals(target, 6).floor(k=2, draws=7, seed=3)
    masks = random_masks(len(target.spans), 2, 7, seed=3)
    assert all(mask.count(0) == 2 for mask in masks) and len(set(masks)) > 3
    full = slow_token_log_probs(target, target.full_mask()).sum().item()
    slow = [slow_token_log_probs(target, mask).sum().item() for mask in masks]
    ratios = [math.exp((value - full) / len(target.response_ids)) for value in slow]
    half = student.ppf(0.975, 6) * stdev(ratios) / math.sqrt(7)
    found = floor["probability_ratio"]
    assert found["mean"] == pytest.approx(mean(ratios), rel=2e-3) and found["draws"] == 7
    assert found["low"] == pytest.approx(mean(ratios) - half, rel=1e-2)
    assert found["high"] == pytest.approx(mean(ratios) + half, rel=1e-2)
    kept = target.next_token_log_probs(target.full_mask())
    divergences = [metrics.kl_divergence(target.next_token_log_probs(mask), kept) for mask in masks]
    assert floor["kl"]["mean"] == pytest.approx(mean(divergences), rel=1e-3)
    answers = [_greedy(target, mask) for mask in masks[:TEXT_DRAWS]]
    expected = [metrics.bleu(ANSWER, answer) for answer in answers]
    assert floor["bleu"]["mean"] == pytest.approx(mean(expected)) and floor["bleu"]["draws"] == TEXT_DRAWS
    assert len(set(answers)) > 1


def _greedy(target, mask):
    ids = list(greedy_tokens(target.loaded, target.kept_embeds(mask), 6))
    return target.tokenizer.decode(ids, skip_special_tokens=True)


def test_random_sets_are_nested_and_begin_with_the_methods():
    small, large = (random_masks(9, k, 5, seed=1) for k in (2, 4))
    assert all(all(b <= a for a, b in zip(*pair, strict=True)) for pair in zip(small, large, strict=True))
    target = fresh_target()
    method = request(seed=5).single("random_removal").explainer()
    assert method.explain(target).mask == random_masks(len(target.spans), 2, 1, seed=5)[0]


def test_agreement_votes_and_best(events):
    rows, end = of_type(events, "row"), events[-1]
    sets = [set(row["removed"]) for row in rows]
    assert end["agreement"] == [[len(a & b) / len(a | b) for b in sets] for a in sets]
    assert end["votes"] == [sum(t in s for s in sets) for t in range(len(rows[0]["spans"]))]
    assert sum(end["votes"]) == 2 * len(METHODS)
    for name, lower in metrics.METRICS.items():
        values = {row["method"]: row["metrics"][name] for row in rows}
        assert values[end["best"][name]] == (min if lower else max)(values.values())


def test_a_method_that_refuses_does_not_end_the_comparison(monkeypatch):
    def refuse(self, target):
        raise MaskwiseError("Choose another model.")

    monkeypatch.setattr(EXPLAINERS["feature_ablation"], "attribute", refuse)
    *_, end = events = list(compare(request()))
    refused = of_type(events, "row")[1]
    assert set(refused) == ROW and refused["error"] == "Choose another model." and refused["removed"] == []
    assert end["agreement"][1] == [None] * 3 and end["agreement"][0][0] == 1
    assert sum(end["votes"]) == 4 and "feature_ablation" not in end["best"].values()
    points = list(sweep(request(), 2))
    assert {p["method"] for p in of_type(points, "point")} == {"random", "best_swap", "random_removal"}
    assert points[-1]["refused"] == {"feature_ablation": "Choose another model."}


class Stop:
    """An on_forward that raises Stopped once `now` is set."""

    now = False

    def __call__(self, rows):
        if self.now:
            raise Stopped("Stopped.")


@pytest.mark.parametrize(
    ("stream", "kept"),
    [
        (lambda stop: compare(request(), stop), "row"),
        (lambda stop: sweep(request(["best_swap"]), 4, stop), "point"),
        (lambda stop: convergence(request(), 2, 10, stop), "curve"),
    ],
)
def test_stop_keeps_what_is_there(stream, kept):
    stop, events = Stop(), []
    for event in stream(stop):
        events.append(event)
        stop.now |= event["type"] == kept
    assert len(of_type(events, kept)) == 1 and events[-1]["stopped"]
    if kept == "row":
        assert events[-1]["methods"] == ["best_swap"] and events[-1]["agreement"] == [[1.0]]
        assert sum(events[-1]["votes"]) == 2
    with pytest.raises(Stopped):  # before there is anything to keep
        list(stream(stop))


@pytest.mark.usefixtures("learned_heads")
def test_sweep_points_equal_single_runs():
    methods = [name for name, method in explainers_for(Task.GENERATION).items() if _only_scores(method)]
    for some in (METHODS + ["xprompt"], *_parts(methods, 8)):
        *_, end = events = list(sweep(request(some), 3))
        assert end == {"type": "swept", "refused": {}, "stopped": False, "notes": []}
        points = {(p["method"], p["k"]): p["probability_ratio"] for p in of_type(events, "point")}
        assert set(points) == {(name, k) for name in (*some, "random") for k in (1, 2, 3)}
        target = fresh_target()
        full = target.log_prob_of(target.full_mask())
        for name in some:
            for k in (1, 3):
                mask = request(some).single(name, k=k).explainer().explain(target).mask
                ratio = math.exp((target.log_prob_of(mask) - full) / len(target.response_ids))
                assert points[name, k] == pytest.approx(ratio, rel=1e-3), (name, k)


def _only_scores(method):
    return method.stream is Explainer.stream


def _parts(names, size):
    return [names[start : start + size] for start in range(0, len(names), size)]


def test_the_random_points_are_the_floor():
    floor = of_type(compare(request(["random_removal"])), "floor")[0]["metrics"]["probability_ratio"]
    points = of_type(sweep(request(["random_removal"]), 30), "point")
    (point,) = [p for p in points if p["method"] == "random" and p["k"] == 2]
    assert point["probability_ratio"] == pytest.approx(floor["mean"], rel=1e-3)
    assert (point["low"], point["high"]) == pytest.approx((floor["low"], floor["high"]), rel=1e-2)
    assert max(p["k"] for p in points) == 11  # the prompt's words


def test_convergence_is_the_methods_own_stream():
    *_, end = events = list(convergence(request(seed=4), seeds=3, iterations=25))
    curves = of_type(events, "curve")
    assert end == {"type": "converged", "stopped": False, "notes": []}
    assert [(c["method"], c["seed"]) for c in curves] == [
        (name, seed) for seed in (4, 5, 6) for name in VARIANTS
    ]
    for curve in curves:
        assert len(curve["y"]) == 25 and curve["y"] == sorted(curve["y"], reverse=True)
        method = request().single(curve["method"], seed=curve["seed"], options={"iterations": 25}).explainer()
        steps = [s.log_prob for s in method.stream(fresh_target()) if isinstance(s, SearchStep)]
        assert curve["y"] == pytest.approx(steps, abs=2e-3)
    by_method = {c["method"]: c["y"][0] for c in curves}
    assert len(set(by_method.values())) > 1
    assert curves[0]["title"] == "XPrompt"


def test_passes_are_known_before_and_counted():
    rows = []
    stream = compare(request(), rows.append)
    prompt = next(event for event in stream if event["type"] == "prompt")
    before = sum(rows)
    list(stream)
    assert 0.6 < (sum(rows) - before) / prompt["passes"] < 1.4
    assert sum(part["passes"] for part in prompt["parts"]) == prompt["passes"] == total("passes")
    assert total("passes", response="") == prompt["passes"] + 6
    assert len(prompt["parts"]) == 1 + len(request().methods)


def test_more_draws_longer_answers_and_tokens_are_more_work():
    assert total("tokens") < total("tokens", draws=14) < total("tokens", draws=14, max_new_tokens=12)
    assert total("tokens", granularity="token") > 0


def total(name, **other):
    """Of all planned parts."""
    return sum(part[name] for part in planned(request(**other)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"methods": []}, "between 1 and 8 methods"),
        ({"methods": "xprompt"}, "between 1 and 8 methods"),
        ({"methods": ["xprompt"] * 9}, "between 1 and 8 methods"),
        ({"methods": ["xprompt", "xprompt"]}, "xprompt is named twice"),
        ({"methods": ["magic"]}, "method must be one of"),
        ({"methods": [7]}, "methods must be text"),
        ({"draws": 1}, "draws must be a whole number between 2 and 100"),
        ({"draws": 10**6}, "draws must be"),
        ({"k": 0}, "k must be"),
        ({"k": 99}, "has only 11 words"),
        ({"max_new_tokens": 10**6}, "max_new_tokens must be"),
    ],
)
def test_bad_requests_name_the_fix(settings, message):
    with pytest.raises(MaskwiseError, match=message):
        list(compare(request(**settings)))


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (lambda: sweep(request(), 0), "most must be a whole number between 1 and 30"),
        (lambda: convergence(request(), 31, 10), "seeds must be"),
        (lambda: convergence(request(), 1, 10_000), "iterations must be"),
    ],
)
def test_bad_bounds_name_the_fix(stream, message):
    with pytest.raises(MaskwiseError, match=message):
        list(stream())


def test_a_prompt_longer_than_the_context_is_refused():
    with pytest.raises(MaskwiseError, match="context of 512"):
        list(compare(ComparisonRequest("word " * 900, ["random_removal"])))
