"""What the page keeps while a proof goes on, and where it ends early."""

from itertools import takewhile

import pytest

from components.generation.view import GO_ON, GenerationView, GoOnView
from explainers import explain_generation
from explainers.reports.answer_diff import NOT_WRITTEN
from explainers.reports.record import explanation_of

PROMPT = "Write a short story about a doctor and his patient in a small town by the sea."
VIEWS = {"result", "strip", "plot", "diff", "metrics", "rendered"}

pytestmark = pytest.mark.usefixtures("on_tiny_models")


@pytest.fixture
def events():
    return list(explain_generation(PROMPT, method="best_within_budget", k=3, max_new_tokens=4))


def told(view: GenerationView, events: list) -> dict:
    """The view's values after each event; returns the last."""
    for event in events:
        view.add(event)
    return view.values()


def until_shown(events: list) -> list:
    return list(takewhile(lambda event: event["type"] != "shown", events))


def test_a_proof_that_fails_leaves_what_was_shown(events):
    view = GenerationView(PROMPT)
    shown = told(view, [*until_shown(events), next(e for e in events if e["type"] == "shown")])
    assert "go_on" not in shown["result"] and view.record() is None
    values = told(view, [{"type": "error", "text": "No memory."}])
    assert values["status"]["state"] == "error" and values["status"]["text"] == "No memory."
    assert values["result"]["go_on"] == GO_ON and values["metrics"] == shown["metrics"]
    assert "Not proved" in str(values["result"]["parts"]) and explanation_of(view.record())["stopped"]


@pytest.mark.parametrize("end", ["stopped", "error"])
def test_an_answer_that_will_not_be_written_is_not_waited_for(end):
    values = told(GenerationView(PROMPT), [{"type": end, "text": "Ended."}])
    assert values["diff"]["waiting"] == NOT_WRITTEN and values["status"]["state"] == end


def test_a_run_that_goes_on_changes_nothing_before_it_knows_as_much(events):
    earlier = events[-1] | {"unproved": {"left": 9, "wanted": 45, "options": {}}}
    view = GoOnView(PROMPT, earlier=earlier)
    begun = told(view, until_shown(events))
    assert VIEWS & begun.keys() == {"result"} and "go_on" not in begun["result"]
    assert begun["status"]["state"] == "running" and view.record() is None
    view = GoOnView(PROMPT, earlier=earlier)
    find = [event | {"known": 30} for event in until_shown(events) if event["type"] in ("prompt", "step")]
    assert told(view, find)["status"]["text"].startswith("Taking up the proof")
    for end in ("stopped", "error"):
        values = told(view, [{"type": end, "text": "Ended."}])
        assert VIEWS & values.keys() == {"result"} and values["result"]["go_on"] == GO_ON
    view = GoOnView(PROMPT, earlier=earlier)
    stopped = events[-1] | {"stopped": True}
    assert told(view, [*until_shown(events), stopped])["status"]["text"] == "Stopped. What was shown stays."
    assert view.record() is None
    view = GoOnView(PROMPT, earlier=earlier)
    assert told(view, events)["result"]["parts"] and view.record()["events"][-1] == events[-1]
