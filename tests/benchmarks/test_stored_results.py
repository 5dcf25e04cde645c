"""Results that come with Maskwise: each is found by the page, at once, and none is left over."""

import time

import pytest

from benchmarks.stored_results import KINDS, classification, comparison, generation
from components.line.line import Line
from components.line.results import SHIPPED, shipped_name
from components.runner import Runner
from explainers.models import held


@pytest.mark.parametrize(("works", "count"), [(generation, 5), (classification, 11), (comparison, 1)])
def test_each_example_of_a_tab_shows_its_result_at_once(monkeypatch, works, count):
    monkeypatch.setattr(held, "load_model", None)  # nothing is loaded
    works = list(works())
    assert len(works) == count
    works[0].builtin()  # the revision of the model is looked up once
    for work in works:
        started = time.process_time()
        reader = Runner(Line()).start("a", "tab", work)
        events = [event for events in reader.updates() for event in events]
        assert time.process_time() - started < 0.3
        assert events[0]["type"] == "stored" and events[-1]["type"] in ("explanation", "compared")


def test_no_stored_result_is_left_over():
    works = [work for kind in KINDS.values() for work in kind()]
    names = {shipped_name(work.question, work.builtin()) for work in works}
    assert {file.name for file in SHIPPED.iterdir()} <= names
