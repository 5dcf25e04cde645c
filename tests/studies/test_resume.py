"""A study that is killed again and again, and resumed, has the rows of one that was not."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from explainers.core.errors import MaskwiseError
from studies.results.store import Store, read_rows
from studies.run import run
from studies.units import units_of
from tests.forked import started
from tests.studies.small import LINES, classification_study, generation_study, write_jsonl

TIMED = ("seconds",)
START = """
import json, sys
from pathlib import Path
import torch
from studies.declarations import make_study
from studies.run import run
torch.set_num_threads(1)
study = make_study(json.loads(Path(sys.argv[1]).read_text()))
run(study, study, Path(sys.argv[2]))
"""


def without_times(rows):
    """Rows without what differs from run to run."""
    kept = rows.drop(columns=list(TIMED))
    kept["explanation"] = [
        {name: value for name, value in json.loads(text).items() if name not in TIMED}
        for text in kept["explanation"]
    ]
    return kept.map(lambda value: value.tolist() if hasattr(value, "tolist") else value)


def kill_after(parts: int, folder: Path, settings: Path) -> None:
    """Start the study in a process, and kill that once so many parts are there."""
    process = started(START, settings, folder)
    deadline = time.monotonic() + 250
    while len(list(folder.glob("*/rows/*.parquet"))) < parts:
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.timeout(900)
def test_a_killed_study_goes_on_and_ends_the_same(tmp_path):
    study = generation_study(tmp_path, seeds=[0, 1], options={"xprompt": {"iterations": 20}})
    settings = tmp_path / "study.json"
    settings.write_text(json.dumps(study.model_dump()))
    killed = tmp_path / "killed"
    for parts in (1, 3, 5):
        kill_after(parts, killed, settings)
    (folder,) = killed.iterdir()
    assert len(list(folder.glob("rows/*.parquet"))) < len(units_of(study)[0]) == 8
    (folder / "rows" / "half.1.partial").write_bytes(b"half")
    resumed = run(study, study, killed)
    assert resumed.folder == folder and not list(folder.glob("rows/*.partial"))
    whole = run(study, study, tmp_path / "whole")
    assert without_times(resumed.read()).equals(without_times(whole.read()))


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch):
    study = generation_study(tmp_path)
    first = run(study, study, tmp_path / "out")
    monkeypatch.setattr(Store, "write", None)
    assert run(study, study, tmp_path / "out").folder == first.folder


def test_other_settings_have_a_folder_of_their_own(tmp_path):
    study, other = generation_study(tmp_path, limit=1), generation_study(tmp_path, limit=1, k=[1])
    first, second = (run(each, study, tmp_path / "out") for each in (study, other))
    assert first.folder != second.folder
    assert json.loads((second.folder / "study.json").read_text())["departures"] == ["k: 1 (published: 1, 2)"]


def test_rows_of_other_settings_are_refused(tmp_path):
    study, other = generation_study(tmp_path, limit=1), generation_study(tmp_path, limit=1, k=[1])
    first, second = (run(each, each, tmp_path / "out") for each in (study, other))
    (part,) = (second.folder / "rows").iterdir()
    (first.folder / "rows" / "strange.parquet").write_bytes(part.read_bytes())
    with pytest.raises(MaskwiseError, match="strange.parquet comes from other settings"):
        first.read()
    (first.folder / "rows" / "strange.parquet").write_bytes(b"PAR1")
    with pytest.raises(MaskwiseError, match="strange.parquet is damaged"):
        first.read()
    with pytest.raises(MaskwiseError, match="has no rows yet"):
        read_rows(tmp_path, "")


def test_a_part_that_fails_leaves_no_file(tmp_path):
    study = generation_study(tmp_path)
    units, texts = units_of(study)
    store = Store(tmp_path, study, "digest")
    store.begin(study, {})

    def rows():
        yield {"method": "xprompt"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(units[0], rows())
    assert store.done() == set() and not list((store.folder / "rows").iterdir())


def test_two_runs_of_one_study_leave_each_others_files_alone(tmp_path, monkeypatch):
    study = generation_study(tmp_path)
    store, there = Store(tmp_path, study, "digest"), os.replace
    store.begin(study, {})

    def cleared(partial, path):
        monkeypatch.setattr(os, "replace", there)
        Store(tmp_path, study, "digest").begin(study, {})  # the other run
        there(partial, path)

    monkeypatch.setattr(os, "replace", cleared)
    store.write(units_of(study)[0][0], [{"method": "xprompt"}])
    assert len(store.done()) == 1 and len(store.read()) == 1


@pytest.mark.parametrize(("weights", "same"), [("whole", False), ("none", True)])
def test_other_texts_to_tune_on_have_a_folder_of_their_own(tmp_path, weights, same):
    study = classification_study(tmp_path, tuning={"weights": weights})
    training = tmp_path / "training.jsonl"
    data = study.data[0].model_copy(update={"training": str(training)})
    digests = set()
    for ending in ("", "!"):
        write_jsonl(training, [{"text": text + ending, "label": label} for text, label in LINES])
        digests.add(units_of(study.model_copy(update={"data": [data]}))[1])
    assert (len(digests) == 1) is same
