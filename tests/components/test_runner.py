"""Jobs of pages: order of events, Stop before, in and during a load, slots, pages that are left, errors."""

import threading
import time

import pytest

from components.line.line import Line
from components.line.work import Work
from components.page.progress import STOPPING
from components.page.stream_view import StreamView
from components.runner import Runner, follow
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.models import held


def counting(on_forward):
    for n in range(1000):
        on_forward(2)
        yield {"type": "step", "n": n}
        time.sleep(0.002)


def work(stream=counting, **settings):
    return Work(stream, **{"kind": "search"} | settings)


def events_of(job):
    return [event for events in job.updates() for event in events]


def begun(jobs, session, slot, wanted=None):
    """The job's updates after its first step."""
    job = jobs.start(session, slot, wanted or work())
    updates = job.updates()
    while not any(event["type"] == "step" for event in next(updates)):
        pass
    return job, updates


@pytest.fixture
def jobs():
    return Runner(Line())


def test_events_come_in_order_and_passes_are_counted(jobs):
    def stream(on_forward):
        for n in range(5):
            on_forward(3)
            yield {"type": "step", "n": n}

    job = jobs.start("a", "tab", work(stream))
    assert [event["n"] for event in events_of(job)] == [0, 1, 2, 3, 4]
    assert job.passes_done == 15


def test_stop_ends_a_run_within_half_a_second(jobs):
    _, updates = begun(jobs, "a", "tab")
    jobs.stop("b", "tab")
    jobs.stop("a", "other tab")
    assert next(updates)
    jobs.stop("a", "tab")
    pressed = time.monotonic()
    last = [event for events in updates for event in events][-1]
    assert last["type"] == "stopped" and time.monotonic() - pressed < 0.5


def test_a_stopped_run_says_so_while_its_pass_goes_on(jobs):
    at_work, end = threading.Event(), threading.Event()

    def slow(on_forward):
        yield {"type": "step"}
        at_work.set()
        end.wait(60)
        on_forward(1)

    view = StreamView()
    shown = follow(jobs.start("a", "tab", work(slow)), view)
    next(shown)
    assert at_work.wait(60)
    jobs.stop("a", "tab")
    assert next(shown)["status"]["text"] == STOPPING
    end.set()
    assert list(shown)[-1]["status"]["state"] == "stopped"


def test_stop_reaches_a_run_that_waits(jobs):
    _, others = begun(jobs, "b", "tab")
    waiting = jobs.start("a", "tab", work())
    updates = waiting.updates()
    assert next(updates)[-1] == {"type": "queued", "ahead": 1, "seconds": None}
    jobs.stop("a", "tab")
    assert [event["type"] for events in updates for event in events] == ["stopped"]
    others.close()


def test_a_run_that_is_asked_for_replaces_the_earlier_one_of_its_slot_alone(jobs):
    first, updates = begun(jobs, "a", "tab")
    other = jobs.start("a", "other tab", work())
    second = jobs.start("a", "tab", work())
    assert first.replaced and [event for events in updates for event in events][-1]["type"] == "stopped"
    assert not (second.replaced or other.replaced)
    jobs.end(first)
    assert set(jobs.readers.values()) == {second, other}


def test_a_live_edit_while_another_tabs_run_waits(jobs):
    """The edit is answered between the passes of whoever is at work, and the waiting run keeps its place."""
    _, stranger = begun(jobs, "b", "generation")
    waiting = jobs.start("a", "generation", work())
    waits = waiting.updates()
    next(waits)
    read = lambda hook: iter([{"type": "read"}])  # noqa: E731
    for _ in range(2):
        live = jobs.start("a", "classification", work(read, kind="live", short=True))
        assert [event["type"] for event in events_of(live)] == ["read"]
    assert not waiting.replaced
    assert next(waits) == []  # its place is what it was, and there is nothing new to say
    stranger.close()
    assert any(event["type"] == "step" for events in [next(waits) for _ in range(3)] for event in events)
    waits.close()


def test_a_page_left_in_mid_pass_followed_by_another_run(jobs):
    """The pass goes on, and until it ends nobody else touches the model."""
    using, most, passes = [], [], []

    def stream(name):
        def slow(on_forward):
            for n in range(3):
                on_forward(1)
                using.append(name)
                most.append(len(using))
                time.sleep(0.3)  # a pass
                using.remove(name)
                passes.append(name)
                yield {"type": "step", "n": n}

        return slow

    updates = jobs.start("left", "tab", work(stream("left"))).updates()
    while not using:
        next(updates)
    jobs.leave("left")
    updates.close()
    second = jobs.start("b", "tab", work(stream("b")))
    assert [event["n"] for event in events_of(second) if event["type"] == "step"] == [0, 1, 2]
    assert most and max(most) == 1
    assert passes == ["left", "b", "b", "b"]


def test_fifty_sessions_leave_nothing_behind(monkeypatch):
    monkeypatch.setattr("components.line.reader.WAITING_SECONDS", 0.01)
    monkeypatch.setenv("MASKWISE_WAITING", "100")
    jobs, before = Runner(Line()), threading.active_count()
    opened = []
    for n in range(50):
        for slot in ("generation", "click"):
            updates = jobs.start(f"session {n}", slot, work(short=slot == "click")).updates()
            next(updates)
            opened.append(updates)
    for n in range(50):
        jobs.leave(f"session {n}")
    for updates in opened:
        updates.close()
    until = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.02)
    assert threading.active_count() <= before
    assert jobs.readers == {} and jobs.line.waiting == [] and jobs.line.at_work is None


def test_a_job_that_nobody_reads_gives_way_and_comes_to_its_end(jobs):
    done = []

    def stream(on_forward):
        for n in range(20):
            on_forward(1)
            time.sleep(0.01)
            yield {"type": "step", "n": n}
        done.append("nobody's")

    thread = threading.Thread(target=jobs.do, args=[work(stream)])
    thread.start()
    while not jobs.line.at_work:
        time.sleep(0.001)
    events_of(jobs.start("a", "tab", work(lambda hook: iter([{"type": "read"}]))))
    done.append("a visitor's")
    thread.join(timeout=10)
    assert done == ["a visitor's", "nobody's"]


def test_loading_holds_nobody_up_and_can_be_stopped(jobs, monkeypatch):
    loading = threading.Event()

    def load(name, task, check):
        loading.set()
        while True:
            check()
            time.sleep(0.01)

    monkeypatch.setattr(held, "load_model", load)
    slow = jobs.start("a", "tab", work(model="large", task=Task.GENERATION))
    updates = slow.updates()
    assert next(updates)[0]["text"] == "Loading the model" and loading.is_set()
    _, others = begun(jobs, "b", "tab")
    others.close()
    jobs.stop("a", "tab")
    pressed = time.monotonic()
    assert [event["type"] for events in updates for event in events] == ["stopped"]
    assert time.monotonic() - pressed < 0.5


def test_a_deadline_ends_a_run_and_does_not_count_the_wait(jobs):
    _, others = begun(jobs, "b", "tab")
    waiting = jobs.start("a", "tab", work(max_seconds=0.2))
    updates = waiting.updates()
    next(updates)
    time.sleep(0.3)
    others.close()
    events = [event for events in updates for event in events]
    assert any(event["type"] == "step" for event in events)
    assert "a run may take" in events[-1]["text"]


def test_errors_become_words(jobs):
    def failing(error):
        def stream(on_forward):
            raise error
            yield

        return stream

    def said(error):
        return events_of(jobs.start("a", "tab", work(failing(error))))[-1]

    assert said(MaskwiseError("Choose k.")) == {"type": "error", "text": "Choose k."}
    assert "Choose a smaller model" in said(RuntimeError("CUDA out of memory"))["text"]
    assert "KeyError" in said(KeyError("x"))["text"]
    assert said(Stopped("Stopped."))["type"] == "stopped"


def test_a_request_that_cannot_be_is_refused_without_waiting(jobs):
    _, others = begun(jobs, "b", "tab")

    def refused(on_forward):
        raise MaskwiseError("k is too large.")

    asked = time.monotonic()
    assert events_of(jobs.start("a", "tab", work(refused)))[-1]["type"] == "error"
    assert time.monotonic() - asked < 1
    others.close()
