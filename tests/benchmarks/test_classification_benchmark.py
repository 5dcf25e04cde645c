"""The benchmark's command on a tiny model and a few lines: figures, intervals, going on after a cut."""

import json

import pytest

from benchmarks import classification_faithfulness as benchmark
from benchmarks.resumable import RowFile
from explainers.core.errors import MaskwiseError
from tests.tiny_models import tiny_masked

LINES = [
    ("the movie was great", 1),
    ("it was bad", 0),
    ("a good story of the world", 1),
    ("terrible ending", 0),
]
METHODS = ("prompt_explainer", "attention_last", "random_removal")


@pytest.fixture
def command(tmp_path):
    """The command's arguments and the folder of its results."""
    loaded = tiny_masked("bert")
    loaded.model.save_pretrained(tmp_path / "tiny")
    loaded.tokenizer.save_pretrained(tmp_path / "tiny")
    (tmp_path / "classification").mkdir()
    rows = [json.dumps({"text": text, "label": label}) for text, label in LINES]
    (tmp_path / "classification" / "sst2_dev.jsonl").write_text("\n".join(rows))
    arguments = [
        "--data",
        tmp_path,
        "--model",
        tmp_path / "tiny",
        "--out",
        tmp_path / "out",
        "--tasks",
        "sst2",
    ]
    return [str(a) for a in [*arguments, "--lines", 4, "--methods", *METHODS]], tmp_path / "out"


def test_the_table_follows_from_the_rows(command, monkeypatch, capsys):
    arguments, out = command
    rows = []
    monkeypatch.setattr(RowFile, "remove", lambda self: rows.extend(self.rows))
    benchmark.main(arguments)
    result = json.loads((out / "classification_faithfulness_tiny.json").read_text())
    methods = result["tasks"]["sst2"]["methods"]
    assert set(methods) == set(METHODS) and len(rows) == 12
    for name, values in methods.items():
        own = [row["activation"] for row in rows if row["method"] == name]
        assert values["activation"]["mean"] == pytest.approx(sum(own) / 4)
        assert values["activation"]["low"] <= values["activation"]["mean"] <= values["activation"]["high"]
    means = [values["activation"]["mean"] for values in methods.values()]
    assert means == sorted(means, reverse=True)
    table = (out / "classification_faithfulness_tiny.md").read_text()
    assert table in capsys.readouterr().out
    assert table.count("| PromptExplainer |") == 1 and "4 lines, accuracy" in table


def test_a_cut_run_goes_on_and_ends_the_same(command, monkeypatch):
    arguments, out = command
    benchmark.main(arguments)
    whole = json.loads((out / "classification_faithfulness_tiny.json").read_text())
    add, added = RowFile.add, []

    def cut(self, row):
        if len(added) == 5:
            raise KeyboardInterrupt
        added.append(row)
        add(self, row)

    monkeypatch.setattr(RowFile, "add", cut)
    with pytest.raises(KeyboardInterrupt):
        benchmark.main(arguments)
    partial = out / "classification_faithfulness_tiny.partial.jsonl"
    partial.write_text(partial.read_text() + '{"task": "ss')
    monkeypatch.setattr(RowFile, "add", lambda self, row: (added.append(row), add(self, row)))
    benchmark.main(arguments)
    again = json.loads((out / "classification_faithfulness_tiny.json").read_text())
    assert len(added) == 12 and not partial.exists()
    for name, values in whole["tasks"]["sst2"]["methods"].items():
        for measure in benchmark.MEASURES:
            assert again["tasks"]["sst2"]["methods"][name][measure] == pytest.approx(values[measure])


def test_rows_of_another_run_are_not_used(tmp_path):
    path = tmp_path / "rows.jsonl"
    RowFile(path, {"seed": 0}).add({"value": 1})
    assert RowFile(path, {"seed": 0}).rows == [{"value": 1}]
    assert RowFile(path, {"seed": 1}).rows == []


def test_intervals_hold_the_mean_of_known_values():
    spread = benchmark.interval([0.0, 1.0] * 200)
    assert spread["mean"] == 0.5
    assert spread["low"] == pytest.approx(0.5 - 1.96 * 0.5 / 20, abs=0.01)  # the normal approximation
    assert spread["high"] == pytest.approx(0.5 + 1.96 * 0.5 / 20, abs=0.01)


def test_missing_lines_are_explained(command):
    arguments, _ = command
    with pytest.raises(MaskwiseError, match="has 4 lines. Choose --lines 4 or fewer"):
        benchmark.main([*arguments, "--lines", "5"])
    with pytest.raises(MaskwiseError, match="holds no classification/ag_news_dev.jsonl"):
        benchmark.main([*arguments, "--tasks", "ag_news"])
