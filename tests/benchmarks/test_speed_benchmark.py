"""The benchmark of speed and search: its slow reference, its prompts and its tables."""

import json
import sys
from itertools import combinations

import pytest
import torch

from benchmarks import run as bench
from benchmarks.charts.items import CHARTS, draw
from benchmarks.items import growth, hard, limit, peers, quality, trajectory
from benchmarks.published import PublishedTarget, published_search
from benchmarks.setting import Answered, Setting, read_prompts
from benchmarks.timing import spread
from explainers.core.errors import MaskwiseError
from explainers.xprompt import random_swaps
from tests.explainers.targets.test_response_target import TEXT, make_target
from tests.slow_reference import slow_token_log_probs
from tests.synthetic import random_problem


def example(kind="llama") -> Answered:
    target = make_target(kind, text="Write a short story about a doctor")
    return Answered(target.loaded, target.prompt, target.response_ids)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_the_published_procedure_walks_our_path(kind):
    answered = example(kind)
    published = PublishedTarget(answered)
    slow = list(published_search(published, 2, 30, seed=1))
    fast = list(random_swaps(answered.target(), 2, 30, seed=1))
    assert [(s.mask, s.accepted) for s in slow] == [(s.mask, s.accepted) for s in fast]
    assert [s.log_prob for s in slow] == pytest.approx([s.log_prob for s in fast], abs=2e-3)
    assert published.evaluations == 1 + 1 + 30  # gradient, first mask, iterations: nothing is remembered


def test_both_granularities_are_held_against_the_published_procedure(tmp_path, monkeypatch):
    monkeypatch.setattr(trajectory, "RESULTS", tmp_path)
    monkeypatch.setattr(trajectory, "ITERATIONS", 20)
    monkeypatch.setattr(Setting, "load", lambda setting: example().loaded)
    asked = []

    def answered(setting, loaded, spans, new_tokens, least_tokens, granularity):
        asked.append((granularity, spans))
        yield example()
        yield example("gpt2")

    monkeypatch.setattr(trajectory, "answered", answered)
    result = trajectory.measure(Setting(repeat=2))
    assert asked == [("word", range(12, 21)), ("token", range(55, 66))]
    cases = result["cases"]
    assert list(cases) == ["12 to 20 words", "55 to 65 tokens"]
    assert all(case["prompts"] == 2 and case["same_path"] for case in cases.values())
    text = "\n".join(trajectory.table(result))
    assert "| 12 to 20 words | seconds |" in text and "| 55 to 65 tokens | seconds |" in text
    assert "yes, at every step" in text and "NO" not in text
    assert [bar.name for bar in CHARTS["trajectory"](result).data][:2] == ["as published", "fp32 throughout"]


def test_the_published_log_prob_is_the_slow_one():
    answered = example()
    mask = torch.tensor([1, 0, 1, 1, 0, 1, 1])
    value = PublishedTarget(answered).log_prob(mask).item()
    slow = slow_token_log_probs(answered.target(), mask.tolist()).sum().item()
    assert value == pytest.approx(slow, abs=1e-3)


def test_prompts_of_a_folder_come_in_turn(tmp_path):
    for name in "ab":
        rows = "".join(json.dumps({"prompt": f"{name}{n}"}) + "\n" for n in range(3 if name == "a" else 1))
        (tmp_path / f"{name}.jsonl").write_text(rows)
    assert read_prompts(str(tmp_path)) == ["a0", "b0", "a1", "a2"]
    assert read_prompts(str(tmp_path / "b.jsonl")) == ["b0"]
    (tmp_path / "none").mkdir()
    with pytest.raises(MaskwiseError, match="holds no JSONL"):
        read_prompts(str(tmp_path / "none"))
    (tmp_path / "other.jsonl").write_text('{"question": "Why?"}\n')
    with pytest.raises(MaskwiseError, match="other.jsonl.*question.*instruction"):
        read_prompts(str(tmp_path / "other.jsonl"))


def test_spread_is_of_the_median():
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "least": 1.0, "most": 3.0, "n": 3}


def test_quality_finds_what_each_search_reaches():
    spans, value = 9, random_problem(0, 9)
    masks = [
        tuple(int(t not in removed) for t in range(spans))
        for size in range(4)
        for removed in map(set, combinations(range(spans), size))
    ]
    table = dict(zip(masks, value(torch.tensor(masks)).tolist(), strict=True))
    optimum = min(v for mask, v in table.items() if mask.count(0) == 3)

    def fresh():
        return quality.TableTarget(table, make_target(text=TEXT).spans[:spans], torch.ones(spans))

    gap, distinct = quality.descent(fresh(), optimum)
    started_gap, started_distinct = quality.descent(fresh(), optimum, construction_only=True)
    assert gap == 0 < started_gap and started_distinct == 1 + 9 + (8 + 3) + 7 < distinct
    runs = quality.at_random(fresh(), optimum, 0, {})
    assert len(runs) == 3 and runs[0][0] >= runs[1][0] >= runs[2][0] >= 0
    assert runs[0][1] <= runs[1][1] <= runs[2][1] <= 84
    summary = quality.summary([{"searches": {"best swap": [(0.0, 50)], "XPrompt": [(0.0, 20), (1.0, 40)]}}])
    assert summary["XPrompt"] == {"optimal": 0.5, "distinct": 30, "mean_gap": 0.5, "runs": 2}


def test_flops_count_the_matrix_products_of_a_mask():
    target = make_target()
    config = target.model.config
    attention = config.hidden_size * (
        2 * 32 + 2 * 16
    )  # queries and output; keys and values of half the heads
    layer = attention + 3 * config.hidden_size * config.intermediate_size
    positions = len(target.prompt.input_ids) - target.scorer.start + len(target.response_ids) - 1
    expected = 2 * config.num_hidden_layers * layer * positions
    expected += 2 * config.hidden_size * config.vocab_size * len(target.response_ids)
    assert limit.flops(target) == pytest.approx(expected, rel=0.02)  # norms are not products


def test_growth_measures_time_and_memory():
    row = growth.cost(make_target(), k=2, repeat=1)
    assert row["seconds"] > 0 and row["megabytes"] >= 0
    assert set(growth.sharing(make_target(), repeat=1)) == {"shared", "alone"}


def test_other_libraries_are_asked_and_those_that_do_not_run_say_why(monkeypatch):
    monkeypatch.setattr(peers, "environment", lambda place: sys.executable)
    rows = peers.ask_elsewhere(example(), repeat=1)
    assert [(row["library"], row["method"]) for row in rows] == [
        ("inseq", "feature_ablation"),
        ("inseq", "integrated_gradients"),
        ("interpreto", "feature_ablation"),
        ("interpreto", "integrated_gradients"),
        ("flashtrace", "flash_trace"),
    ]
    missing = "does not run: ModuleNotFoundError: No module named '{}'"
    assert all(row["problem"] == missing.format(row["library"]) for row in rows)


def test_a_stored_run_gives_table_and_chart(tmp_path, monkeypatch):
    result = {"rows": [{"spans": 60, "best_swap": -9.0, "distinct": 700, "xprompt": [-8.0, -9.5, -7.0],
                        "distinct_xprompt": 900}]}  # fmt: skip
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(hard, "measure", lambda setting: result)
    text = bench.run("hard", Setting())
    assert "| 60 | -9.00 | 700 | -9.50 | -8.00 | 900 |" in text and "in 1 of 1 prompts" in text
    assert bench.stored() == [text]
    searches = {
        f"{name}, N = {n}": {"optimal": n / 200, "distinct": n}
        for name in quality.RANDOM
        for n in quality.ITERATIONS
    } | {
        name: {"optimal": 1, "distinct": 90}
        for name in ("best swap", quality.CONSTRUCTION, "top 3 of single ablation")
    }
    chart = draw("quality", {"searches": searches}, tmp_path)
    assert chart.read_text().startswith("<svg") and draw("hard", result, tmp_path) is None
    assert "quality" in CHARTS
