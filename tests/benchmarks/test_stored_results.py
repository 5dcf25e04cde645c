"""Results that come with Maskwise: each is found by the page, at once, and none is left over."""

import json
import time

import pytest

from benchmarks.stored_results import KINDS, classification, comparison, generation
from components.line.line import Line
from components.line.results import SHIPPED, shipped_name
from components.runner import Runner
from explainers.models import held
from explainers.streams.game import known_rounds
from explainers.streams.game.rounds import ready_rounds
from explainers.streams.game.subjects import KnownRound


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


def test_each_ready_round_comes_with_what_no_guess_changes():
    found = json.loads(known_rounds.SHIPPED.read_text(encoding="utf-8"))
    keys = set()
    for round in ready_rounds():
        subject = round.subject()
        name, revision = held.builtin_version(subject.request.model, subject.task)
        keys.add(key := known_rounds.known_key(round, name, revision))
        known = KnownRound.of_json(found[key])
        assert known.best and known.answers and known.random, round.title
    assert found.keys() == keys
