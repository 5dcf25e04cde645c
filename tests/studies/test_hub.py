"""Data of the Hub, through `datasets`, from a server on this machine that speaks the Hub's protocol."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub_server import hub
from tests.studies.small import PROMPTS, generation_study, write_jsonl

pytest.importorskip("datasets")
ROOT = Path(__file__).parents[2]
READ = """
import json, sys
from studies.data import chosen_items
from studies.declarations import make_study
for study in map(make_study, map(json.loads, sys.argv[1:])):
    print(json.dumps([item.text for item in chosen_items(study, study.data[0])]))
"""


def read(tmp_path, url: str, *studies) -> subprocess.CompletedProcess:
    """One after the other in a process of their own: the libraries read their settings once, at import."""
    settings = {"HF_ENDPOINT": url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "home")}
    settings |= {"HF_HUB_DISABLE_TELEMETRY": "1"}
    command = [sys.executable, "-c", READ, *(json.dumps(study.model_dump()) for study in studies)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True)


@pytest.mark.timeout(600)
def test_a_data_set_of_the_hub_is_read_by_its_columns(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", [{"instruction": text, "input": "Now."} for text in PROMPTS])
    data = {"name": "own", "source": "own/prompts", "text": ["instruction", "input"]}
    there = generation_study(tmp_path, data=[data])
    missing = generation_study(tmp_path, data=[data | {"source": "own/nothing"}])
    with hub({"own/prompts": folder}) as server:
        done = read(tmp_path, server.url, there, missing)
    assert json.loads(done.stdout) == [f"{text} Now." for text in PROMPTS], done.stderr
    assert "own/prompts/train.jsonl" in server.downloads
    assert done.returncode and "MaskwiseError: own/nothing could not be had from the Hub" in done.stderr
