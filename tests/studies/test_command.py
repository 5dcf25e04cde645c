"""The command: a study of a file of one's own is run, kept and reported again."""

import pytest

from explainers.core.errors import MaskwiseError
from studies.__main__ import main
from studies.study import declared_studies
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


def test_without_a_name_the_studies_are_listed(capsys):
    main([])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == declared_studies()


def test_an_unknown_study_is_explained():
    with pytest.raises(MaskwiseError, match="There is no study 'nothing'"):
        main(["nothing"])
