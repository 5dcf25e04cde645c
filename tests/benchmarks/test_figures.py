"""The command that draws the two figures: its numbers, its charts, and going on after a cut."""

import argparse
import json
from math import sqrt

import pytest

from benchmarks import figures
from explainers.models import held
from tests.tiny_models import tiny_causal

TEXTS = ("Write a short story about a doctor.", "The movie was $great, but the ending was bad.")
METHODS = ("feature_ablation", "gradient_x_input")


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Arguments of a small run, on a tiny model."""
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: tiny_causal("llama", chat=True))
    monkeypatch.setattr(figures, "METHODS", METHODS)
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in TEXTS))
    sizes = ["--most", "3", "--seeds", "2", "--iterations", "12", "--k", "2", "--max-new-tokens", "5"]
    return ["--prompts", str(prompts), *sizes]


def test_one_command_draws_both_figures(small, tmp_path, capsys):
    figures.main(small, docs=tmp_path, results=tmp_path)
    result = json.loads((tmp_path / "figures.json").read_text())
    assert [row["prompt"] for row in result["ratios"]] == [row["prompt"] for row in result["curves"]]
    assert set(result["mean_ratios"]) == {*METHODS, "random"}
    assert all(len(points) == 3 for points in result["mean_ratios"].values())
    assert all(len(runs) == 2 and len(runs[0]) == 12 for runs in result["curves"][0]["curves"].values())
    for name in ("ratio_over_k", "convergence"):
        assert (tmp_path / f"{name}.svg").read_text().startswith("<svg")
    assert "| XPrompt |" in capsys.readouterr().out
    assert not (tmp_path / "figures.rows.jsonl").exists()


def test_a_run_that_was_cut_off_goes_on(small, tmp_path, monkeypatch):
    ratios, measured = figures._ratios, []

    def cut_off(text, options):
        if text == TEXTS[1] and not measured.count("cut"):
            measured.append("cut")
            raise KeyboardInterrupt
        measured.append(text)
        return ratios(text, options)

    monkeypatch.setattr(figures, "_ratios", cut_off)
    with pytest.raises(KeyboardInterrupt):
        figures.measure(figures.parse(small), tmp_path)
    result = figures.measure(figures.parse(small), tmp_path)
    assert measured == [TEXTS[0], "cut", TEXTS[1]]
    assert [row["prompt"] for row in result["ratios"]] == list(TEXTS)


def test_ratios_are_averaged_over_the_prompts_that_are_long_enough():
    def points(*values):
        return [{"probability_ratio": value} for value in values]

    prompts = [{"points": {"xprompt": points(0.4, 0.2)}}, {"points": {"xprompt": points(0.6)}}]
    means = figures.mean_ratios(prompts)["xprompt"]
    assert means == [{"probability_ratio": 0.5, "prompts": 2}, {"probability_ratio": 0.2, "prompts": 1}]


def test_gaps_are_above_the_lowest_of_all_runs():
    prompts = [{"curves": {"a": [[-1.0, -5.0], [-3.0, -4.0]], "b": [[-2.0, -6.0], [-2.0, -2.0]]}}] * 2
    table = figures.gaps(prompts)
    assert table["a"][1] == {"mean": 4.0, "low": 4.0, "high": 4.0} and set(table["a"]) == {1}
    assert table["b"][1]["mean"] == 4.0
    prompts = [prompts[0], {"curves": {"a": [[-1.0]], "b": [[-3.0]]}}]
    cell = figures.gaps(prompts)["a"][1]
    assert cell["mean"] == 3.0 and cell["high"] - 3 == pytest.approx(12.706 * sqrt(2) / sqrt(2), rel=1e-4)


def test_the_defaults_are_five_prompts_of_the_folder():
    options = figures.parse([])
    assert isinstance(options, argparse.Namespace) and (options.most, options.seeds) == (8, 10)
    texts = figures.read_prompts(str(options.prompts))[: figures.PROMPTS]
    assert len(texts) == 5 and all(len(text.split()) >= options.most for text in texts)
