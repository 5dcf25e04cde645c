"""Results that are kept: in memory, in a folder, in a damaged one; what is kept of a run and what is not."""

import logging
import shutil
import sqlite3
import time
from secrets import token_hex
from threading import Thread

import diskcache
import pytest

from components.line import results as results_module
from components.line import results_on_disk
from components.line import work as work_module
from components.line.line import Line
from components.line.results import Results, as_text, question, result_key
from components.line.results_on_disk import ResultsOnDisk
from components.runner import Runner
from explainers.core.types import Task
from explainers.models import held
from explainers.models.loaded import LoadedModel
from explainers.streams.requests.generation import GenerationRequest
from tests.components.test_runner import events_of, work

MODEL = ("model", "revision 1")
EVENTS = [
    {"type": "status", "text": "Loading"},
    {"type": "response", "text": "A"},
    {"type": "response", "text": "A b"},
    {"type": "step", "step": 1},
    {"type": "explanation", "stopped": False},
]
KEPT = [EVENTS[2], EVENTS[3], EVENTS[4]]


def kept_in(folder):
    return Results(lambda: folder)


def found(results, asked="q", model=MODEL):
    return [event for event in results.find(asked, model) if event["type"] != "stored"]


def test_what_is_kept_of_a_run_is_its_result():
    results = Results()
    results.keep("q", MODEL, EVENTS)
    assert found(results) == KEPT
    assert results.find("q", MODEL)[0]["type"] == "stored"


@pytest.mark.parametrize(
    "asked, model", [("another", MODEL), ("q", ("model", "revision 2")), ("q", None), ("", MODEL)]
)
def test_another_question_or_model_is_not_answered(asked, model):
    results = Results()
    results.keep("q", MODEL, EVENTS)
    assert results.find(asked, model) == []


def test_another_version_or_day_is_not_answered(monkeypatch):
    results = Results()
    results.keep("q", MODEL, EVENTS)
    monkeypatch.setattr(results_module, "versions", lambda: ("torch 0",))
    assert results.find("q", MODEL) == []


def test_a_stopped_run_is_not_kept():
    results = Results()
    results.keep("q", MODEL, [*EVENTS[:-1], {"type": "explanation", "stopped": True}])
    assert results.find("q", MODEL) == []


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(results_module, "MOST_BYTES", 1_000)
    results = Results()
    for n in range(50):
        results.keep(f"q{n}", MODEL, EVENTS)
    assert found(results, "q49") == KEPT and results.find("q0", MODEL) == []
    here, each = [n for n in range(50) if results.find(f"q{n}", MODEL)], len(as_text(EVENTS))
    assert here == [*range(50 - 1_000 // each, 50)]


def test_a_folder_keeps_results_for_the_next_start(tmp_path):
    kept_in(tmp_path).keep("q", MODEL, EVENTS)
    assert found(kept_in(tmp_path)) == KEPT


def test_a_damaged_folder_is_begun_anew_and_the_log_says_so(tmp_path, caplog):
    kept_in(tmp_path).keep("q", MODEL, EVENTS)
    for file in tmp_path.rglob("cache.db*"):
        file.write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.WARNING, "maskwise"):
        results = kept_in(tmp_path)
    assert results.find("q", MODEL) == [] and "begins anew" in caplog.text
    results.keep("q", MODEL, EVENTS)
    assert found(kept_in(tmp_path)) == KEPT


def test_a_folder_that_cannot_be_used_leaves_the_memory(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    results = kept_in(tmp_path / "file")
    results.keep("q", MODEL, EVENTS)
    assert found(results) == KEPT and "memory alone" in caplog.text


@pytest.mark.parametrize(
    "text",
    ['{"date": "2026-11-26", "ev', "[]", "null", "{}", '{"date": 1, "events": ["a"]}', '{"events": []}'],
)
def test_a_stored_result_that_is_cut_off_or_of_another_form_is_computed_anew(tmp_path, caplog, text):
    ResultsOnDisk(tmp_path).keep(result_key("q", MODEL), text)
    results = kept_in(tmp_path)
    assert results.find("q", MODEL) == [] and "computed anew" in caplog.text
    results.keep("q", MODEL, EVENTS)
    assert found(results) == found(kept_in(tmp_path)) == KEPT


def test_no_part_of_a_large_result_is_left_where_the_disk_is_full(tmp_path):
    """All of it is in the database, which is written whole or not at all."""
    large = [*EVENTS[:-1], EVENTS[-1] | {"text": token_hex(300_000)}]
    kept_in(tmp_path).keep("q", MODEL, large)
    assert found(kept_in(tmp_path))[-1] == large[-1]
    assert {path.name.partition("-")[0] for path in tmp_path.rglob("*") if path.is_file()} == {"cache.db"}


def test_a_folder_that_is_removed_meanwhile_is_made_anew(tmp_path):
    results = kept_in(tmp_path / "a folder of Zoë, 日本")
    results.keep("q", MODEL, EVENTS)
    shutil.rmtree(tmp_path / "a folder of Zoë, 日本")
    results.forget()
    in_a_thread(lambda: results.find("q", MODEL))  # as each job is
    in_a_thread(lambda: results.keep("q", MODEL, EVENTS))
    assert found(kept_in(tmp_path / "a folder of Zoë, 日本")) == KEPT


def test_two_processes_write_to_one_folder(tmp_path, caplog):
    """Each of them with threads; nothing is lost, and a folder that one holds locked holds up no run."""
    both = kept_in(tmp_path), kept_in(tmp_path)
    writes = [Thread(target=both[n % 2].keep, args=(f"q{n}", MODEL, EVENTS)) for n in range(20)]
    for write in writes:
        write.start()
    for write in writes:
        write.join()
    third = kept_in(tmp_path)
    assert all(found(third, f"q{n}") == KEPT for n in range(20)) and not caplog.text


def test_a_folder_that_another_process_holds_locked_fails_no_run(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(results_on_disk, "LOCKED_SECONDS", 0.1)
    results = kept_in(tmp_path)
    results.find("q", MODEL)
    with sqlite3.connect(next(tmp_path.rglob("cache.db")), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        results.keep("q", MODEL, EVENTS)
        other.execute("ROLLBACK")
    assert found(results) == KEPT and "cannot be read or written" in caplog.text


def in_a_thread(act):
    thread = Thread(target=act)
    thread.start()
    thread.join()


def test_nothing_is_unpickled(tmp_path, caplog):
    kept_in(tmp_path).keep("q", MODEL, EVENTS)
    with sqlite3.connect(next(tmp_path.rglob("cache.db"))) as database:
        database.execute(
            "UPDATE Cache SET mode = ?, value = ?", (diskcache.core.MODE_PICKLE, b"cos\nsystem\n")
        )
    assert kept_in(tmp_path).find("q", MODEL) == [] and "a pickled value" in caplog.text


def test_a_question_is_that_of_equal_requests_whatever_names_the_model():
    asked = GenerationRequest("A prompt.", k=2)
    assert question("generation", asked) == question(
        "generation", GenerationRequest("A prompt.", k=2, model="x")
    )
    assert question("generation", asked) != question("generation", GenerationRequest("A prompt.", k=1))
    assert question("generation", asked) != question("part", asked)


def test_an_answered_question_waits_for_nobody_and_loads_nothing_anew(monkeypatch):
    results, loads = Results(), []

    def load(name, task, check):
        loads.append(name)
        return LoadedModel("large", "1", task, *[None] * 4)

    monkeypatch.setattr(work_module, "RESULTS", results)
    monkeypatch.setattr(held, "load_model", load)
    jobs = Runner(Line())
    asked = work(lambda hook: iter(EVENTS), question="q", model="large", task=Task.GENERATION)
    assert [event["type"] for event in events_of(jobs.start("a", "tab", asked))].count("stored") == 0
    busy = jobs.start("b", "tab", work(_long))
    next(busy.updates())
    began = time.monotonic()
    again = events_of(jobs.start("c", "tab", asked))
    assert [event["type"] for event in again] == ["status", "stored", "response", "step", "explanation"]
    assert time.monotonic() - began < 0.3
    busy.stop()


def _long(on_forward):
    for _ in range(500):
        on_forward(1)
        time.sleep(0.01)
        yield {"type": "step"}
