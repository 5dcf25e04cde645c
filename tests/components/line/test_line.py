"""The line alone: who goes first, turns of sessions, short jobs between passes, places, refusals."""

import threading
import time

import pytest

from components.line.line import Line
from components.line.ticket import Ticket
from explainers.core.errors import MaskwiseError, Stopped


@pytest.fixture
def bounds(monkeypatch):
    """Two runs may wait, and two of one session."""
    monkeypatch.setenv("MASKWISE_WAITING", "2")
    monkeypatch.setenv("MASKWISE_WAITING_EACH", "2")


def joined(line, *tickets):
    for ticket in tickets:
        line.join(ticket)
    return tickets


def order(line, tickets):
    """The kinds of tickets in the order in which they get the models."""
    served = []

    def work(ticket):
        line.enter(ticket)
        served.append(ticket.kind)
        line.leave(ticket)

    threads = [threading.Thread(target=work, args=[ticket]) for ticket in tickets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    return served


def at_work(line):
    """A job that has the models, so that others wait."""
    first = Ticket("first", "first")
    line.join(first)
    line.enter(first)
    return first


def test_sessions_take_turns():
    line = Line()
    first = at_work(line)
    waiting = joined(
        line, Ticket("a", "a1"), Ticket("a", "a2"), Ticket("a", "a3"), Ticket("b", "b1"), Ticket("b", "b2")
    )
    line.leave(first)
    assert order(line, waiting) in (["a1", "b1", "a2", "b2", "a3"],)


def test_a_short_job_goes_before_long_ones():
    line = Line()
    first = at_work(line)
    waiting = joined(line, Ticket("a", "long"), Ticket("b", "click", short=True))
    line.leave(first)
    assert order(line, waiting) == ["click", "long"]


def test_a_long_job_hands_over_between_passes_and_goes_on_before_other_long_ones():
    line = Line()
    first = at_work(line)
    long, short = joined(line, Ticket("a", "long"), Ticket("b", "click", short=True))
    served = []

    def work(ticket):
        line.enter(ticket)
        served.append(ticket.kind)
        time.sleep(0.05)
        line.leave(ticket)

    threads = [threading.Thread(target=work, args=[ticket]) for ticket in (long, short)]
    for thread in threads:
        thread.start()
    waited = line.between_passes(first)
    served.append("first goes on")
    assert line.between_passes(first) == 0  # nobody else may go before it
    line.leave(first)
    for thread in threads:
        thread.join(timeout=10)
    assert served == ["click", "first goes on", "long"]
    assert waited >= 0.05


def test_a_flood_of_short_jobs_does_not_hold_a_long_one_up(monkeypatch):
    monkeypatch.setattr("components.line.ticket.AWAY_SECONDS", 0.05)
    line, over = Line(), threading.Event()
    first = at_work(line)

    def click():
        while not over.is_set():
            ticket = Ticket("b", "click", short=True)
            line.join(ticket)
            line.enter(ticket)
            time.sleep(0.02)
            line.leave(ticket)

    flood = [threading.Thread(target=click) for _ in range(3)]  # somebody always waits
    for thread in flood:
        thread.start()
    time.sleep(0.1)
    waits = []

    def work():
        waits.extend(line.between_passes(first) for _ in range(4))

    long = threading.Thread(target=work, daemon=True)
    long.start()
    long.join(timeout=20)
    over.set()
    line.leave(first)
    for thread in flood:
        thread.join(timeout=10)
    assert len(waits) == 4 and all(wait > 0 for wait in waits)


def test_a_short_job_that_takes_long_goes_behind_those_that_had_begun(monkeypatch):
    monkeypatch.setattr("components.line.line.SHORT_SECONDS", 0.0)
    line, ended = Line(), []
    long = at_work(line)
    (short,) = joined(line, Ticket("b", "click", short=True))

    def work():
        line.enter(short)
        time.sleep(0.01)
        line.between_passes(short)
        ended.append("click")
        line.leave(short)

    thread = threading.Thread(target=work)
    thread.start()
    while not line.between_passes(long):
        time.sleep(0.01)
    ended.append("long")
    line.leave(long)
    thread.join(timeout=10)
    assert ended == ["long", "click"]


def test_while_its_model_loads_others_go_first():
    line = Line()
    loading, other = joined(line, Ticket("a", "loading", ready=False), Ticket("b", "other"))
    line.enter(other)
    assert other.began and not loading.began
    line.leave(other)
    line.loaded(loading)
    line.enter(loading)
    assert loading.began


def test_nothing_new_begins_in_the_background_while_somebodys_model_loads():
    line = Line()
    behind, person = joined(line, Ticket("", "behind", unread=True), Ticket("a", "person", ready=False))
    threading.Timer(0.05, line.loaded, [person]).start()
    assert order(line, [behind, person]) == ["person", "behind"]


def test_places_and_seconds_are_kept_true():
    line = Line()
    first = at_work(line)
    a, b = joined(line, Ticket("a", "search"), Ticket("b", "search"))
    assert line.place(first) is None
    assert (line.place(a).ahead, line.place(b).ahead, line.place(b).seconds) == (1, 2, None)
    line.leave(first)
    line.pace.record("search", 60.0)
    line.pace.record("search", 20.0)
    assert (line.place(b).ahead, line.place(b).seconds) == (1, 40)
    line.stop(a)
    assert line.place(a) is None and (line.place(b).ahead, line.place(b).seconds) == (0, 0)


def test_a_stopped_job_leaves_the_line_at_once():
    line = Line()
    first = at_work(line)
    a, b = joined(line, Ticket("a", "a"), Ticket("b", "b"))
    raised = []

    def wait():
        try:
            line.enter(a)
        except Stopped as stopped:
            raised.append(stopped)

    thread = threading.Thread(target=wait)
    thread.start()
    line.stop(a)
    thread.join(timeout=1)
    assert raised and line.place(b).ahead == 1
    line.leave(first)


def test_a_full_line_refuses_in_words(bounds):
    line = Line()
    first = at_work(line)
    joined(line, Ticket("a", "search"), Ticket("b", "search"))
    with pytest.raises(MaskwiseError, match="The line is full: 2 runs wait. Nothing is lost"):
        line.join(Ticket("c", "search"))
    line.pace.record("search", 120.0)
    line.pace.record("first", 60.0)
    with pytest.raises(MaskwiseError, match="try again in about 5 min"):
        line.join(Ticket("c", "search"))
    line.leave(first)


def test_a_line_full_of_long_jobs_takes_short_ones(bounds):
    line = Line()
    first = at_work(line)
    joined(line, Ticket("a", "search"), Ticket("b", "search"))
    joined(line, Ticket("c", "click", short=True), Ticket("d", "click", short=True))
    with pytest.raises(MaskwiseError, match="The line is full: 2 runs wait"):
        line.join(Ticket("e", "click", short=True))
    with pytest.raises(MaskwiseError, match="The line is full: 2 runs wait"):
        line.join(Ticket("e", "search"))
    line.leave(first)


def test_passes_are_short_for_a_while_after_a_click(monkeypatch):
    line = Line()
    at_work(line)
    assert not line.is_shared()
    line.join(Ticket("b", "click", short=True))
    assert line.is_shared()
    monkeypatch.setattr("components.line.line.SHARED_SECONDS", -1.0)
    assert not line.is_shared()


def test_one_session_cannot_fill_the_line(monkeypatch):
    monkeypatch.setenv("MASKWISE_WAITING_EACH", "2")
    line = Line()
    joined(line, Ticket("a", "search"), Ticket("a", "search"))
    with pytest.raises(MaskwiseError, match="2 runs of yours"):
        line.join(Ticket("a", "search"))
    line.join(Ticket("b", "search"))
