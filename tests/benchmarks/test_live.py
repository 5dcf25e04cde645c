"""What the items `live`, `drafts` and `proof` make of the events, answers and sets that they see."""

import pytest

from benchmarks.items import drafts, live, proof
from benchmarks.items.start import Served
from benchmarks.setting import Setting, words_of
from explainers.core.types import Task
from tests.benchmarks.test_speed_benchmark import example
from tests.tiny_models import tiny_causal

PAGE = Served("http://127.0.0.1/", 3.0)
STREAM = [
    (1.0, {"type": "response"}),
    (2.0, {"type": "response"}),
    (3.0, {"type": "response"}),
    (4.5, {"type": "step"}),
    (5.0, {"type": "step"}),
    (9.0, {"type": "shown", "distinct_masks": 80}),
    (20.0, {"type": "explanation", "distinct_masks": 250}),
]


@pytest.fixture
def stream(monkeypatch):
    events = list(STREAM)
    monkeypatch.setattr(live, "events", lambda *asked, **settings: iter(events))
    return events


def test_a_run_is_timed_by_its_events(stream):
    assert live.run_in_page(PAGE, "", "text") == {
        "first_word": 1.5,
        "shown": 9.0,
        "masks": 80,
        "end": 20.0,
        "cut_off": False,
        "tokens": 1.0,
    }


def test_a_version_that_shows_nothing_before_the_end(stream):
    del stream[5]
    row = live.run_in_page(PAGE, "", "text")
    assert (row["shown"], row["masks"]) == (20.0, 250)


def test_a_run_that_is_cut_off_says_so(stream):
    del stream[5:]
    row = {"words": 14} | live.run_in_page(PAGE, "", "text")
    assert row["cut_off"] and "end" not in row
    text = "\n".join(
        live.table({"rows": [row | {"version": "now"}], "versions": ["now"], "words": [14], "limit": 240})
    )
    assert "| set and answer without it shown, from Run, s | 14 | over 240 |" in text
    assert "| first coloured word after the answer is written, s | 14 | 1.50 |" in text


def test_texts_of_a_length():
    texts = ["one two three", "four five"]
    assert words_of(texts, 2) == "four five"
    assert words_of(texts, 7) == "one two three four five one two"


def test_every_way_of_drafting_writes_the_same(monkeypatch):
    loaded = tiny_causal("llama")
    assert loaded.task is Task.GENERATION
    monkeypatch.setattr("benchmarks.setting.load_model", lambda *asked: loaded)
    monkeypatch.setattr(drafts, "NEW_TOKENS", 9)
    result = drafts.measure(Setting(repeat=2))
    assert set(result["ways"]) == {drafts.PLAIN, *drafts.small_copies()}
    for name, way in result["ways"].items():
        assert way["same"] == 2 and way["speed"]["least"] > 0, name
    assert result["ways"][drafts.PLAIN]["per_pass"] == 1 == result["ways"][drafts.PLAIN]["times"]
    assert len(drafts.table(result)) == 4 + len(result["ways"])


def test_the_set_shown_first_is_held_against_the_last(monkeypatch):
    monkeypatch.setattr(proof, "K", 2)
    row = proof.compared(example())
    assert row["proven"] <= row["shown"] < row["full"] and row["masks"] > row["spans"]
    rows = [{"size": "short"} | row, {"size": "short", **row, "shown": row["full"]}]
    text = "\n".join(proof.table({"rows": rows}))
    assert f"| short, 8 to 18 words | 2 of 60 | 1 | 1 | {row['masks']} |" in text


def test_what_is_left_of_both_sizes_comes_in_turn(monkeypatch):
    found = {proof.SIZES["short"][0]: range(8), proof.SIZES["long"][0]: range(100, 103)}
    monkeypatch.setattr(proof, "answered", lambda setting, loaded, words, tokens: iter(found[words]))
    rows = [{"size": "short"}] * 2 + [{"size": "long"}]
    left = [number for _, number in proof.timed_examples(Setting(), None, rows)]
    assert left == [2, 3, 4, 5, 6, 101, 7, 102]
