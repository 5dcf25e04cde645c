"""The command: a study of a file of one's own is run, kept and reported again."""

import runpy
import sys

import pytest

from explainers.core.errors import MaskwiseError
from studies.command import main
from studies.declarations import declared_studies
from studies.run import run
from tests.studies.small import generation_study

STUDY = """
title = "Own"
paper = "none"
shows = ["a table"]
task = "generation"
methods = ["gradient_x_input", "random_removal"]
paper_method = "gradient_x_input"
limit = 0
k = [1]
granularity = "word"
mask_operator = "zero"
max_new_tokens = 3
columns = ["probability_ratio"]
[[data]]
name = "own"
source = "elsewhere.jsonl"
text = ["text"]
"""


def test_a_file_is_run_and_reported_again(tmp_path, capsys):
    made = generation_study(tmp_path)
    (tmp_path / "mine.toml").write_text(STUDY)
    source = made.data[0].source
    arguments = [str(tmp_path / "mine.toml"), "--model", made.model, "--data", f"own={source}"]
    main([*arguments, "--text", "prompt", "--limit", "2", "--out", str(tmp_path / "out")])
    said = capsys.readouterr().out
    assert "own, k = 1, 2 prompts" in said and "- limit: 2 (published: 0)" in said
    assert "- data own, source: prompts.jsonl (published: elsewhere.jsonl)" in said
    assert str(tmp_path) not in said.replace(made.model, "")  # files are named without their folders
    (folder,) = (tmp_path / "out").iterdir()
    main(["--report", str(folder)])
    assert capsys.readouterr().out == said


def test_a_dry_run_says_what_a_study_comes_to_and_writes_nothing(tmp_path, capsys):
    made = generation_study(tmp_path)
    (tmp_path / "mine.toml").write_text(STUDY)
    arguments = [str(tmp_path / "mine.toml"), "--model", made.model, "--data", f"own={made.data[0].source}"]
    arguments += ["--text", "prompt", "--limit", "2", "--out", str(tmp_path / "out")]
    main([*arguments, "--dry-run"])
    said = capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    assert "Parts, each a prompt and a seed with all methods: 2, of which 0 are there" in said
    assert "own, 2 of" in said and "of 10 to 14 words" in said and "limit: 2 (published: 0)" in said
    main(arguments)
    capsys.readouterr()
    main([*arguments, "--dry-run"])
    assert "2, of which 2 are there" in capsys.readouterr().out


def test_of_several_studies_all_are_read_before_the_first_is_run(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text(STUDY)
    monkeypatch.setattr("studies.command.run", None)
    with pytest.raises(MaskwiseError, match="promptexplainer_table_5: k: There is no such setting"):
        main([str(tmp_path / "mine.toml"), "promptexplainer_table_5", "--k", "3"])


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (None, 2, "error: There is no study 'nothing'. There are: "),
        (KeyboardInterrupt, 130, "Cut off. The same command goes on where it was."),
    ],
)
def test_the_command_ends_in_one_sentence(monkeypatch, capsys, wrong, code, said):
    def interrupted():
        raise wrong

    monkeypatch.setattr(sys, "argv", ["studies", "nothing"])
    if wrong:
        monkeypatch.setattr("studies.command.main", interrupted)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("studies", run_name="__main__")
    assert ended.value.code == code and capsys.readouterr().err.startswith(said)


def test_a_folder_that_cannot_be_written_is_explained(tmp_path, capsys):
    made = generation_study(tmp_path, limit=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskwiseError, match="cannot be written: Not a directory. What is done is kept"):
        run(made, made, tmp_path / "file")


def test_without_a_name_the_studies_are_listed(capsys):
    main([])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == declared_studies()


def test_an_unknown_study_is_explained():
    with pytest.raises(MaskwiseError, match="There is no study 'nothing'"):
        main(["nothing"])
