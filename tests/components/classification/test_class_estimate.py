"""What the Classification tab says of the time of a run before it runs."""

import pytest

from components.classification import controls, estimate
from components.classification.works import all_methods_work, run_work
from components.line.line import Line
from components.pieces.label_lines import write_words
from explainers.core.base import explainers_for
from explainers.core.types import Task
from explainers.text.tasks import find_task

WORDS = write_words(find_task("ag_news").label_words(1))
SETTINGS = {
    "text": controls.FIRST_TEXT, "task": "ag_news", "method": "prompt_explainer", "template": "",
    "label_words": WORDS, "words_per_class": 1, "label": "", "model": "", "verbalizer": "manual",
    "granularity": "token", "k": 3, "seed": 0, "examples": "",
}  # fmt: skip
OPTIONS: dict = {name: {} for name in explainers_for(Task.CLASSIFICATION)}


@pytest.fixture
def line(monkeypatch):
    line = Line()
    monkeypatch.setattr(estimate, "LINE", line)
    return line


def said(**other):
    return estimate.estimate(SETTINGS | other, OPTIONS)


def test_the_time_follows_the_method_and_the_text(line):
    assert said() == ""
    work = run_work(None, SETTINGS, {})
    line.pace.record(work.pace, 2.0, work.size)
    assert said() == "A run takes about 2 s, as the last ones did on this machine."
    assert run_work(None, SETTINGS | {"text": " ".join([SETTINGS["text"]] * 10)}, {}).size > 5 * work.size
    assert run_work(None, SETTINGS | {"method": "best_swap"}, {}).size > 4 * work.size
    every = all_methods_work(None, SETTINGS, OPTIONS)
    line.pace.record(every.pace, 90.0, every.size)
    assert (
        said() == "A run takes about 2 s, all methods about 1 min 30 s, as the last ones did on this machine."
    )


def test_what_cannot_be_run_has_no_time(line):
    work = run_work(None, SETTINGS, {})
    line.pace.record(work.pace, 2.0, work.size)
    assert said(label_words="") == "" and said(model="another") == ""
