"""Equal questions are one job with many readers; a page that was left may come back to its run."""

import threading
import time

import pytest

from components.line import job as job_module
from components.line.line import Line
from components.runner import Runner
from tests.components.test_runner import begun, counting, events_of, work


@pytest.fixture
def jobs():
    return Runner(Line())


def slowly(on_forward):
    for n in range(40):
        on_forward(1)
        yield {"type": "step", "n": n}
        time.sleep(0.01)


def read_all(reader):
    """What it will have read once the thread has ended."""
    events = []
    thread = threading.Thread(target=lambda: events.extend(events_of(reader)))
    thread.start()
    return thread, events


def test_equal_questions_are_computed_once_and_a_late_reader_misses_nothing(jobs):
    runs = []

    def stream(on_forward):
        runs.append(1)
        return slowly(on_forward)

    first = jobs.start("a", "tab", work(stream, question="q"))
    reading, early = read_all(first)
    time.sleep(0.15)
    second = jobs.start("b", "tab", work(stream, question="q"))
    assert second.late and not first.late
    late = events_of(second)
    reading.join(timeout=10)
    assert runs == [1] and first.passes_done == 40
    assert [event["n"] for event in early] == [event["n"] for event in late] == list(range(40))


def test_other_questions_and_none_are_jobs_of_their_own(jobs):
    asked = ["q", "another", "", ""]
    readers = [jobs.start(str(n), "tab", work(slowly, question=q)) for n, q in enumerate(asked)]
    assert len({id(reader.job) for reader in readers}) == 4
    assert jobs.start("x", "tab", work(slowly, question="q", model="another")).job is not readers[0].job


def test_a_job_ends_when_its_last_reader_leaves(jobs):
    first, first_updates = begun(jobs, "a", "tab", work(question="q"))
    second, second_updates = begun(jobs, "b", "tab", work(question="q"))
    assert first.job is second.job
    jobs.stop("a", "tab")
    said = [event["type"] for events in first_updates for event in events]
    assert said[-1] == "stopped" and "explanation" not in said
    assert any(event["type"] == "step" for event in next(second_updates))  # goes on for the other
    jobs.leave("b")
    second_updates.close()
    until = time.monotonic() + 2
    while not first.job.over and time.monotonic() < until:
        time.sleep(0.01)
    assert first.job.over and first.job.events[-1]["type"] == "stopped"


def test_a_stopped_job_takes_no_new_readers(jobs):
    first, updates = begun(jobs, "a", "tab", work(question="q"))
    jobs.stop("a", "tab")
    again = jobs.start("b", "tab", work(slowly, question="q"))
    assert again.job is not first.job
    assert [event["n"] for event in events_of(again)] == list(range(40))
    updates.close()


def test_a_page_that_comes_back_finds_its_run(jobs):
    first, updates = begun_with_inputs(jobs, "a")
    jobs.leave("a")
    updates.close()
    again = jobs.resume("another session", first.run)
    assert again.run == first.run
    assert [event["n"] for event in events_of(again)] == list(range(40))
    assert jobs.runs.find(first.run).inputs == {"prompt": "p"}
    kept = [event["n"] for event in events_of(jobs.resume("c", first.run))]  # though it is over
    assert kept == list(range(40))
    assert jobs.resume("c", "guessed") is None and jobs.resume("c", "") is None


def test_a_page_that_does_not_come_back_ends_its_run(jobs, monkeypatch):
    monkeypatch.setattr(job_module, "RETURN_SECONDS", 0.1)
    reader, updates = begun_with_inputs(jobs, "a", counting)
    jobs.leave("a")
    updates.close()
    until = time.monotonic() + 2
    while not reader.job.over and time.monotonic() < until:
        time.sleep(0.01)
    assert reader.job.events[-1]["type"] == "stopped"
    assert jobs.resume("b", reader.run) is not None  # its end can still be read


def test_a_run_that_was_left_gives_way_at_once(jobs):
    reader, updates = begun_with_inputs(jobs, "a", counting)
    jobs.leave("a")
    updates.close()
    asked = time.monotonic()
    assert [event["n"] for event in events_of(jobs.start("b", "tab", work(slowly)))] == list(range(40))
    assert time.monotonic() - asked < 2 and not reader.job.over  # the first takes longer than that
    jobs.resume("a", reader.run).stop()


def begun_with_inputs(jobs, session, stream=slowly):
    reader = jobs.start(session, "tab", work(stream), inputs={"prompt": "p"})
    updates = reader.updates()
    while not any(event["type"] == "step" for event in next(updates)):
        pass
    return reader, updates
