"""A proof in the background: it gives way, is no run of its session, and a Stop keeps what is shown."""

import time

import pytest

from components.line.line import Line
from components.runner import Runner
from explainers.core.errors import MaskwiseError, Stopped
from tests.components.test_runner import begun, events_of, work


@pytest.fixture
def jobs():
    return Runner(Line())


def proving(on_forward):
    """A result is shown after three passes, and proved in a thousand; a Stop keeps what is shown."""
    for n in range(1003):
        try:
            on_forward(1)
        except Stopped:
            yield {"type": "explanation", "stopped": True}
            return
        time.sleep(0.005)
        yield {"type": "shown"} if n == 2 else {"type": "step", "n": n}
    yield {"type": "explanation", "stopped": False}


def in_proof(jobs, session):
    job = jobs.start(session, "tab", work(proving))
    updates = job.updates()
    while not any(event["type"] == "shown" for event in next(updates)):
        pass
    return job, updates


def test_a_proof_gives_way_to_every_run_and_goes_on_afterwards(jobs):
    job, updates = in_proof(jobs, "a")
    other = jobs.start(
        "b", "tab", work(lambda hook: (hook(1) or {"type": "step", "n": n} for n in range(30)))
    )
    assert [event["n"] for event in events_of(other)] == list(range(30))  # no event says that it waits
    before = job.passes_done
    assert before < 1003
    next(updates)
    time.sleep(0.1)
    assert job.passes_done > before
    updates.close()


def test_a_proof_is_no_run_of_its_session(monkeypatch):
    """A session whose proofs go on has its turn as early as others."""
    monkeypatch.setenv("MASKWISE_WAITING_EACH", "2")
    jobs = Runner(Line())
    running = [in_proof(jobs, session) for session in ("a", "a")][-1]
    own = [jobs.add("a", work()), jobs.add("a", work())]
    with pytest.raises(MaskwiseError, match="runs of yours"):
        jobs.add("a", work())
    for job in own:
        job.stop()
    running[1].close()


def test_a_stop_in_the_proof_keeps_what_is_shown(jobs):
    _, updates = in_proof(jobs, "a")
    _, others = begun(jobs, "b", "tab")  # a long run has the models
    jobs.stop("a", "tab")
    pressed = time.monotonic()
    assert [event for events in updates for event in events][-1] == {"type": "explanation", "stopped": True}
    assert time.monotonic() - pressed < 0.5
    others.close()


def test_the_end_of_the_process_ends_all_jobs_first():
    line = Line()
    jobs = Runner(line)
    _, updates = begun(jobs, "a", "tab")
    waiting = jobs.start("c", "tab", work())
    line.close()
    assert line.at_work is None
    assert [event for events in updates for event in events][-1]["type"] == "stopped"
    assert [event["type"] for event in events_of(waiting)] == ["stopped"]
