"""A killed server, a full disk, a network that goes away in a download, a damaged cache, a changed folder:
words say what happened, and the next start is clean.
"""

import errno
import logging
import os
import shutil
import sqlite3
import time

import diskcache
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

import app
from components.line import results_on_disk
from components.line.line import Line
from components.line.results import Results
from components.runner import Runner
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.held import load_model
from tests.components.line.test_results import EVENTS, KEPT, MODEL, found
from tests.components.test_runner import events_of, work
from tests.deploy.servers import an_unprepared_space, saved_model
from tests.hub_server import hub
from tests.tiny_models import tiny_causal

TEXT = "Why is the sky blue, and the sea, and the hills that we see from here in the evening?"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def folder(tmp_path):
    return saved_model(tmp_path / "model")


def run_of(url: str, model) -> list[dict]:
    job = Client(url, verbose=False).submit(
        TEXT, str(model), "feature_ablation", 2, max_new_tokens=4, api_name="/explain_generation"
    )
    return [*job, job.result(timeout=120)]


@pytest.mark.timeout(600)  # two starts of the app
def test_a_server_that_is_killed_in_a_run_starts_clean(folder, tmp_path):
    """Its store of results included, which was open."""
    own = {"MASKWISE_PUBLIC": "0", "MASKWISE_CACHE": str(tmp_path / "cache")}
    with an_unprepared_space(**own) as (url, server):
        first = run_of(url, folder)[-1]
        options = {"iterations": 1000}
        job = Client(url, verbose=False).submit(
            TEXT, str(folder), "xprompt", 9, options=options, api_name="/explain_generation"
        )
        assert next(event for event in job if event["type"] == "step")
        server.kill()
        assert job.exception(timeout=60)  # the client hears of it, and waits no longer
    with an_unprepared_space(**own) as (url, _):
        kept = run_of(url, folder)
    assert "stored" in [event["type"] for event in kept] and kept[-1] == first


@pytest.mark.parametrize("error", [FULL, sqlite3.OperationalError("database or disk is full")])
def test_a_full_disk_under_the_store_fails_no_run(tmp_path, monkeypatch, caplog, error):
    def full(self, *arguments, **settings):
        raise error

    results = Results(lambda: tmp_path)
    monkeypatch.setattr(diskcache.Cache, "set", full)
    with caplog.at_level(logging.WARNING, "maskwise"):
        results.keep("q", MODEL, EVENTS)
    assert found(results) == KEPT and "cannot be read or written" in caplog.text
    assert (tmp_path / results_on_disk.FOLDER / "cache.db").exists()  # not taken for damage


def test_a_start_without_a_place_for_temporary_files_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file" / "gradio"))
    with pytest.raises(MaskwiseError, match="Set GRADIO_TEMP_DIR"):
        app.launch()


def test_a_full_disk_in_a_run_is_said():
    def saving(on_forward):
        yield {"type": "status", "text": "Saving"}
        raise FULL

    said = events_of(Runner(Line()).start("a", "tab", work(saving)))[-1]
    assert said["type"] == "error" and "disk is full" in said["text"]


def test_a_network_that_goes_away_in_a_download(folder, tmp_path):
    """Words, the page goes on, and once the network is back the same request downloads the rest."""
    with hub({"openai-community/gpt2": folder}) as server:
        server.cut_off = {"openai-community/gpt2"}
        own = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "home")}
        with an_unprepared_space(**own) as (url, _):
            with pytest.raises(AppError, match="cannot be reached|broke off"):
                run_of(url, "openai-community/gpt2")
            server.cut_off = set()
            assert run_of(url, "openai-community/gpt2")[-1]["type"] == "explanation"


def test_a_damaged_download_is_named(folder, tmp_path, monkeypatch):
    snapshot = tmp_path / "hub" / "models--a--b" / "snapshots" / "0123"
    shutil.copytree(folder, snapshot)
    weights = snapshot / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(MaskwiseError, match="model.safetensors is missing or damaged. Download") as refused:
        load_model("a/b", Task.GENERATION)
    assert str(tmp_path) not in str(refused.value)


def test_a_folder_that_changes_under_its_model(folder):
    """Who has the model keeps it as it was; the next load reads the new one, or says what is damaged."""
    had = load_model(str(folder), Task.GENERATION)
    before = had.model.get_input_embeddings().weight.clone()
    other = tiny_causal("llama", seed=1, chat=True)
    time.sleep(0.02)
    other.model.save_pretrained(folder)
    new = load_model(str(folder), Task.GENERATION)
    assert new.revision != had.revision and new.model is not had.model
    assert had.model.get_input_embeddings().weight.equal(before)
    assert not new.model.get_input_embeddings().weight.equal(before)
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(MaskwiseError, match="damaged"):
        load_model(str(folder), Task.GENERATION)
    assert had.model.get_input_embeddings().weight.equal(before)
