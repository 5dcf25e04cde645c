"""About how long a run takes: its passes before any has ended, then the time that the last ones took."""

import pytest

from components.generation import estimate
from components.generation.run import KIND, tokens_to_read
from components.generation.view import GenerationView
from components.line.line import Line
from components.line.ticket import Ticket
from explainers.core.base import explainers_for
from explainers.core.types import Task
from explainers.core.work import WRITTEN
from explainers.streams.requests.generation import GenerationRequest

SETTINGS = {"prompt": "Write a short story about a doctor", "method": "feature_ablation", "k": 2}


@pytest.fixture
def line(monkeypatch):
    line = Line()
    monkeypatch.setattr(estimate, "LINE", line)
    return line


def took(line, seconds, size):
    ticket = Ticket("a", KIND, size=size)
    line.join(ticket)
    line.enter(ticket)
    ticket.since -= seconds
    line.leave(ticket)


def size(**other):
    return tokens_to_read(GenerationRequest(**SETTINGS | other))


@pytest.mark.parametrize(("method", "passes"), [("feature_ablation", "8 passes"), ("attn_lrp", "1 pass")])
def test_before_any_run_its_passes_are_said(line, method, passes):
    said = f"A run takes about {passes} through the model; how long that takes is known after the first."
    assert estimate.estimate(SETTINGS | {"method": method}) == said


def test_a_run_like_the_last_takes_as_long(line):
    took(line, 42, size())
    assert estimate.estimate(SETTINGS) == "A run takes about 42 s, as the last ones did on this machine."


def test_a_run_that_would_be_stopped_is_said_so(line, monkeypatch):
    took(line, 100, size())
    monkeypatch.setenv("MASKWISE_MAX_SECONDS", "60")
    said = "A run would take about 1 min 40 s, and is stopped after 1 min. Shorten prompt or answer."
    assert estimate.estimate(SETTINGS) == said


def test_more_masks_and_longer_texts_take_longer(line):
    took(line, 10, size())
    answers = 2 * 60 * WRITTEN  # that are written, with all words and without some
    twice = size(prompt=" ".join([SETTINGS["prompt"]] * 2))
    assert twice - answers > 2 * (size() - answers) > 0
    assert line.expected(KIND, twice) == pytest.approx(10 * twice / size())
    assert size(method="best_within_budget") > size()


def test_an_answer_that_is_given_is_not_written(line):
    assert size() - size(response="Once upon a time.") == 60 * WRITTEN


def test_a_proof_is_not_waited_for(line):
    """It goes on behind the result."""
    assert size(method="best_within_budget") < size(method="best_swap", k=3)


def test_a_run_that_goes_on_from_earlier_ones_says_nothing_of_the_time(line):
    ticket = Ticket("a", KIND, typical=False)
    line.join(ticket)
    line.enter(ticket)
    line.leave(ticket)
    assert line.expected(KIND, 1.0) is None


def test_what_cannot_be_run_is_refused_by_the_run_not_by_the_estimate(line):
    took(line, 10, 1)
    assert estimate.estimate({"prompt": "", "method": "none"}) == ""


def test_a_stopped_run_says_nothing_of_the_time(line):
    ticket = Ticket("a", KIND)
    line.join(ticket)
    line.enter(ticket)
    line.stop(ticket)
    line.leave(ticket)
    assert line.expected(KIND, 1.0) is None


@pytest.mark.parametrize("method", explainers_for(Task.GENERATION))
def test_every_run_has_a_size(line, method):
    took(line, 42, size(method=method))
    assert estimate.estimate(SETTINGS | {"method": method}) != ""


def test_how_long_a_method_says_it_takes_is_said_while_it_runs():
    view = GenerationView(SETTINGS["prompt"])
    plan = "Trying all 220 sets of 3 spans takes about 12 seconds."
    view.add({"type": "prompt", "spans": [], "log_prob": -1.0, "passes": 5, "plan": plan})
    assert view.values()["status"]["text"] == plan.rstrip(".")
