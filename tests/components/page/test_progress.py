"""The status line while a run goes on: what it is at, how much is done, how long it still takes."""

import pytest

from components.page import progress as module
from components.page.progress import STOPPING, Part, Progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds, moved on by hand."""
    now = [100.0]
    monkeypatch.setattr(module, "monotonic", lambda: now[0])

    def pass_by(seconds):
        now[0] += seconds

    return pass_by


def said(progress, passes=0):
    value = progress.value(passes)
    return value["text"], value["fraction"], value["eta"]


def test_passes_are_counted_from_where_the_work_began(clock):
    progress = Progress()
    progress.measure("Searching", 200)
    assert said(progress, 70) == ("Searching: 0 of about 200 passes", 0, None)
    clock(10)
    assert said(progress, 120) == ("Searching: 50 of about 200 passes", 0.25, 30)
    progress.measure("Explaining", 1)
    assert said(progress, 120) == ("Explaining", 0, None)


def test_the_time_left_holds_what_comes_behind_the_search(clock):
    progress = Progress()
    progress.measure("Searching", 100, after=7)
    clock(5)
    progress.step(10, 40)
    assert said(progress) == ("Finding: 10 of about 40 masks tried", 0.25, 15 + 7)


def test_a_proof_is_timed_by_what_it_tries_itself(clock):
    """20 of its 50 sets were tried before; in 4 seconds it tried 10 of the other 30."""
    progress = Progress()
    progress.measure("Searching", 100)
    progress.step(40, 40)
    progress.prove(20, 50)
    assert said(progress)[2] is None
    clock(4)
    progress.prove(30, 50)
    assert said(progress) == ("Shown below. Proving it: 30 of 50 exchanges checked", 0.6, 8)
    progress.prove(5, 50)  # from a better set it begins anew
    clock(1)
    progress.prove(6, 50)
    assert said(progress)[2] is None  # one set says too little of how long the others take
    clock(2)
    progress.prove(8, 50)
    assert said(progress)[2] == 42


def test_a_proof_that_the_budget_ends_is_timed_until_then(clock):
    progress = Progress()
    progress.prove(20, 680)
    clock(10)
    progress.prove(30, 680, 90)
    text, _, eta = said(progress)
    assert (
        text == "Shown below. Proving it: 30 of 680 exchanges checked; the budget ends at 120" and eta == 90
    )


def test_parts_are_timed_by_their_sizes(clock):
    """The first part, of which 10 of 40 passes were needed, is a fifth of the work."""
    progress = Progress()
    progress.measure_parts("Measuring", Part(40, 100), Part(10, 400))
    assert said(progress, 7) == ("Measuring: 0 of about 50 passes", 0, None)
    clock(3)
    assert said(progress, 17) == ("Measuring: 10 of about 50 passes", 0.05, 57)
    progress.next_part("Searching")
    clock(3)
    assert said(progress, 17) == ("Searching: 40 of about 50 passes", 0.2, 24)
    assert said(progress, 22)[1:] == (0.6, 4)
    progress.from_now()
    assert said(progress, 22) == ("Searching: 40 of about 50 passes", 0.2, None)
    clock(2)
    assert said(progress, 27)[1:] == (0.6, 2)
    progress.next_part("At the end")
    assert said(progress, 30)[1:] == (1, None)  # what is overdue


def test_steps_are_timed_until_what_comes_behind_them(clock):
    """Between two steps the time left runs down; it does not grow again while none comes."""
    progress = Progress()
    progress.measure("Explaining", 100)
    clock(4)
    progress.step(20, 40, behind=10)
    assert said(progress)[2] == 6
    clock(2)
    assert said(progress)[2] == 4
    progress.step(40, 40, behind=10)
    clock(1)
    assert said(progress)[1:] == (1, 0.5)
    clock(1)
    assert said(progress)[1:] == (1, None)


def test_what_takes_as_long_as_before_is_timed_until_then(clock):
    progress = Progress()
    progress.expect("Writing the answer without the removed words", 8)
    clock(2)
    assert said(progress)[1:] == (0.25, 6)
    clock(7)
    assert said(progress)[1:] == (None, None)


def test_a_page_that_came_back_takes_the_time_from_then_on(clock):
    progress = Progress()
    progress.measure("Searching", 100)
    progress.step(30, 50)
    progress.from_now()
    assert said(progress)[2] is None
    clock(2)
    progress.step(34, 50)
    assert said(progress) == ("Finding: 34 of about 50 masks tried", 0.68, 8)
    progress.measure("Searching", 100)
    progress.from_now()
    assert said(progress, 80) == ("Searching", None, None)


def test_after_a_stop_it_is_said_that_the_run_is_about_to_end(clock):
    progress = Progress()
    progress.measure("Searching", 200)
    progress.value(0)
    clock(10)
    progress.stopping = True
    assert said(progress, 50) == (STOPPING, None, None)
    progress.end("stopped", "The best set so far.")
    assert said(progress, 50) == ("The best set so far.", None, None)
