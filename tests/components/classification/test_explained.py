"""Edits that are none: late ones, and those of a result that is being filled in."""

from types import SimpleNamespace

import pytest

from components.classification import explained, run
from components.classification.explained import Explained
from components.classification.works import chosen_class

OLD, NEW = {"text": "old", "task": "ag_news"}, {"text": "new", "task": "imdb"}


def page(session: str) -> SimpleNamespace:
    """A request of it, the ninth to arrive."""
    return SimpleNamespace(session_hash=session, request=SimpleNamespace(scope={"arrival": 9}))


def test_inputs_that_are_half_filled_in_are_of_the_result_shown():
    shown = Explained()
    assert not shown.is_shown("me", NEW, 9)
    shown.fill("me", OLD, NEW)
    assert shown.is_shown("me", {"text": "new", "task": "ag_news"}, 9)
    assert shown.is_shown("me", NEW, 9)  # from here on all are filled in
    assert not shown.is_shown("me", OLD, 9)
    assert not shown.is_shown("you", NEW, 9)


def test_an_edit_that_was_made_before_a_run_changes_nothing_after_it():
    shown = Explained()
    shown.fill("me", NEW, NEW, arrived=5)
    assert shown.is_shown("me", OLD, arrived=4)
    assert not shown.is_shown("me", OLD, arrived=6)
    assert not shown.is_shown("you", OLD, arrived=4)


def test_sessions_are_forgotten(monkeypatch):
    monkeypatch.setattr(explained, "MOST_SESSIONS", 3)
    shown = Explained()
    for n in range(50):
        shown.fill(f"session {n}", OLD, NEW)
    assert [n for n in range(50) if shown.is_shown(f"session {n}", NEW, 9)] == [47, 48, 49]
    shown.forget("session 49")
    assert not shown.is_shown("session 49", NEW, 9)


@pytest.mark.parametrize(("label", "chosen"), [("World", ""), ("Food", "Food"), ("", "")])
def test_a_class_that_the_words_do_not_name_is_not_chosen(label, chosen):
    assert chosen_class({"label_words": "Food: eat\nArt: paint", "label": label}) == chosen
    assert chosen_class({"label_words": "Food: eat\nFood: cook", "label": label}) == label


def test_the_menu_that_follows_the_words_is_no_edit(monkeypatch):
    monkeypatch.setattr(run, "show", lambda *asked: iter(()))
    monkeypatch.setattr(run, "EXPLAINED", Explained())
    asked = {"label_words": "Food: eat\nArt: paint", "label": "World", "text": "Soup"}
    list(run.run_inputs(page("me"), asked, None, None))
    assert run.EXPLAINED.is_shown("me", asked | {"label": ""}, 9)
    assert not run.EXPLAINED.is_shown("me", asked | {"label": "Food"}, 9)


def test_nobody_waits_while_models_are_looked_for(monkeypatch):
    free = []
    monkeypatch.setattr(run, "at_hand", lambda *model: free.append(not run.EXPLAINED.deciding.locked()))
    monkeypatch.setattr(run.RUNNER, "dismiss", lambda *slot: None)
    view = run.ClassificationView("Soup", live=True)
    list(run.read_live(page("me"), {"model": "", "text": "Soup"}, view))
    assert free == [True]
