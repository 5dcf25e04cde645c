"""Runs in their threads: order of events, Stop before and during a run, the deadline, errors in words."""

import time

from components.runner import Runs, show
from explainers.core.errors import MaskwiseError, Stopped


def counting(on_forward):
    for n in range(1000):
        on_forward(2)
        yield {"type": "step", "n": n}
        time.sleep(0.002)


def events_of(run):
    return [event for events in run.updates() for event in events]


def test_events_come_in_order_and_passes_are_counted():
    def stream(on_forward):
        for n in range(5):
            on_forward(3)
            yield {"type": "step", "n": n}

    run = Runs().start("a", stream)
    assert [event["n"] for event in events_of(run)] == [0, 1, 2, 3, 4]
    assert run.passes_done == 15


def test_stop_ends_a_run_within_half_a_second():
    runs = Runs()
    run = runs.start("a", counting)
    updates = run.updates()
    assert next(updates)[0]["n"] == 0
    runs.stop("b")
    assert next(updates)
    runs.stop("a")
    pressed = time.monotonic()
    last = [event for events in updates for event in events][-1]
    assert last["type"] == "stopped" and time.monotonic() - pressed < 0.5


def test_stop_reaches_a_run_that_waits():
    runs = Runs()
    runs.ask("a")
    runs.stop("a")
    assert [event["type"] for event in events_of(runs.start("a", counting))] == ["stopped"]
    runs.ask("a")
    assert next(runs.start("a", counting).updates())[0]["type"] == "step"


def test_the_end_of_a_run_leaves_the_next_one_alone():
    runs = Runs()
    first = runs.start("a", counting)
    updates = first.updates()
    next(updates)
    runs.ask("a")
    runs.end("a", first)
    assert first.stopped.is_set()
    assert not runs.start("a", counting).stopped.is_set()


def test_a_page_that_is_left_stops_its_run():
    runs = Runs()
    run = runs.start("a", counting)
    updates = run.updates()
    next(updates)
    updates.close()
    assert run.stopped.is_set()


def test_a_deadline_ends_a_run():
    run = Runs().start("a", counting)
    run._deadline = time.monotonic()
    assert "a run may take" in events_of(run)[-1]["text"]


def test_errors_become_words():
    def failing(error):
        def stream(on_forward):
            raise error
            yield

        return stream

    def said(error):
        return events_of(Runs().start("a", failing(error)))[-1]

    assert said(MaskwiseError("Choose k.")) == {"type": "error", "text": "Choose k."}
    assert "Choose a smaller model" in said(RuntimeError("CUDA out of memory"))["text"]
    assert "KeyError" in said(KeyError("x"))["text"]
    assert said(Stopped("Stopped."))["type"] == "stopped"


def test_a_page_is_shown_its_events():
    class Page:
        seen = 0

        def add(self, event):
            self.seen += 1

        def values(self, passes_done):
            return [self.seen, passes_done]

    def stream(on_forward):
        on_forward(1)
        yield {"type": "step"}

    assert list(show("a", stream, Page()))[-1] == [1, 1]
