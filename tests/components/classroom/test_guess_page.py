"""The guessing game: what its views show, the tally, and a whole round by keyboard alone."""

import json
import re
from itertools import groupby
from unittest import mock

import gradio as gr
import pytest

from components.classroom.guess_game import guess_game
from components.classroom.guess_view import GuessView
from components.classroom.tally import MOST_SCORES, add_score, tally_rows
from components.generation.tab import generation_tab
from components.page.theme import look
from components.sharing.round_choice import OWN, chosen_round, next_title
from explainers.core.errors import MaskwiseError
from explainers.models import held
from explainers.streams.game import guessing
from explainers.streams.game.known_rounds import kept_rounds
from explainers.streams.game.rounds import Round, ready_rounds
from tests.browser import expect, guarded_page, serve
from tests.served import tiny_model

HOSTILE = "Write <img src=x onerror=alert(1)> about ${alert(2)} and {{ value }} today"
ROUND = Round("A story", "Write a short story about a doctor.", 2, settings={"max_new_tokens": 6})


@pytest.fixture
def tiny(monkeypatch):
    kept_rounds.clear()
    monkeypatch.setattr(held, "load_model", tiny_model)


def played(round, guess):
    view = GuessView(round, guess)
    boards = []
    for event in guessing.play(round, guess):
        view.add(event)
        boards.append(view.values().get("board"))
    return view, boards


def test_the_board_changes_only_with_the_words_and_the_reveal(tiny):
    view, boards = played(ROUND, [0, 1])
    marked, revealed = (board for board, _ in groupby(board for board in boards if board))
    assert marked["best"] is None and not marked["selectable"] and marked["selected"] == [0, 1]
    assert revealed["best"] == view.revealed["best"]["removed"]
    assert all(span["score"] is None and not span["removed"] for span in revealed["spans"])


def test_while_words_are_marked_nothing_tells_the_best_set(tiny):
    view = GuessView(ROUND)
    shown = []
    for event in guessing.prepare(ROUND):
        view.add(event)
        shown.append(view.values())
    boards = [values["board"] for values in shown if "board" in values]
    assert boards and all(board["selectable"] and board["best"] is None for board in boards)
    assert all(values["reveal"]["rows"] == [] and "score" not in values["reveal"] for values in shown)
    status = shown[-1]["status"]
    assert status["state"] == "done" and "Mark 2 words, then press Reveal" in status["text"]
    assert shown[-1]["reveal"]["answer"]


@pytest.mark.parametrize(
    ("round", "names"),
    [
        (ROUND, ["Your marks", "The best set", "Random marks"]),
        (
            Round("A review", "The plot is thin but the actors shine.", 2, task="sst2"),
            ["Your marks", "The best set", "PromptExplainer", "Random marks"],
        ),
    ],
    ids=["generation", "classification"],
)
def test_the_reveal_has_a_row_a_set(tiny, round, names):
    view, _ = played(round, [0, 1])
    shown = view.reveal()
    assert [row["name"] for row in shown["rows"]] == names
    assert shown["score"] == f"{view.revealed['score']:.0%}" and shown["sentence"]
    assert all(0 <= row["bar"] <= 1 and row["answer"] is not None for row in shown["rows"])
    assert max(row["bar"] for row in shown["rows"]) <= 1
    low, high = shown["rows"][-1]["range"]
    assert 0 <= low <= shown["rows"][-1]["bar"] <= high <= 1
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown


def test_the_tally_counts_a_players_first_guess_of_a_round():
    other = Round("Another", "Write a poem about the sea.", 2)
    scores = add_score([], " Ada ", ROUND, 0.5)
    assert add_score(scores, "Ada", ROUND, 1.0) == scores
    scores = add_score(scores, "Ada", other, 1.0)
    scores = add_score(scores, "", ROUND, 0.9)
    assert add_score(scores, "Eve", ROUND, None) == scores
    assert tally_rows(scores) == [
        {"player": "Everyone", "rounds": "1", "mean": "90%", "best": "90%"},
        {"player": "Ada", "rounds": "2", "mean": "75%", "best": "100%"},
    ]
    many = [{"player": str(i), "round": [], "score": 0.0} for i in range(MOST_SCORES)]
    assert add_score(many, "one more", ROUND, 1.0) == many
    assert len(add_score([], "x" * 999, ROUND, 1.0)[0]["player"]) == 40


def test_rounds_are_chosen_by_title():
    titles = [round.title for round in ready_rounds()]
    assert next_title(titles[0]) == titles[1] and next_title(titles[-1]) == next_title(OWN) == titles[0]
    assert chosen_round(titles[2], {}).title == titles[2]
    with pytest.raises(MaskwiseError, match="no such round"):
        chosen_round("Nothing", {})


@pytest.fixture(scope="module")
def address():
    kept_rounds.clear()
    with gr.Blocks(analytics_enabled=False) as demo, gr.Tabs(selected="game"):
        with gr.Tab("Generation", id="generation"):
            generation = generation_tab()
        with gr.Tab("Game", id="game"):
            guess_game(generation)
    demo.queue(default_concurrency_limit=1)
    settings = look()
    with mock.patch.object(held, "load_model", tiny_model), serve(demo, **settings) as url:
        yield url


def test_a_round_by_keyboard_alone_and_one_of_an_own_prompt(browser, address):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as page:
        page.goto(address)
        expect(page.locator("#guess-start")).to_be_enabled()
        page.locator("#guess-reveal-button").click()
        expect(page.locator("#guess-status [role=alert]")).to_contain_text("No round has begun")
        a_round_by_keyboard_alone(page)
        page.set_viewport_size({"width": 390, "height": 844})
        an_own_prompt_stays_text_and_errors_are_words(page)


def a_round_by_keyboard_alone(page):
    keys, counter = page.keyboard, page.locator("#guess-board .mw-counter")
    player = page.locator("#guess-player input, #guess-player textarea")
    player.focus()
    keys.type("Team <b>one</b>")
    expect(player).to_have_value("Team <b>one</b>")
    expect(player).to_be_focused()
    keys.press("Tab")
    expect(page.locator("#guess-start")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#guess-board .mw-question")).to_contain_text("Which 3 words")
    expect(page.locator("#guess-status")).to_contain_text("then press Reveal")
    keys.press("Tab")
    keys.press("Tab")
    first = page.locator("#guess-board [data-index='0']")
    expect(first).to_be_focused()
    for key in ("Enter", "ArrowRight", "ArrowRight", "Space"):
        keys.press(key)
    expect(counter).to_have_text("2 of 3 marked")
    expect(first).to_have_attribute("aria-pressed", "true")
    for key in ("End", "Enter", "Home", "ArrowRight", "Enter"):
        keys.press(key)
    expect(counter).to_have_text("3 of 3 marked: take one mark away first")
    keys.press("Tab")
    expect(page.locator("#guess-reveal-button")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#guess-reveal .mw-score")).to_have_text(re.compile(r"\d+%"))
    expect(page.locator("#guess-status")).to_contain_text("Revealed")
    expect(page.locator("#guess-reveal [data-who]")).to_have_count(3)
    expect(counter).to_contain_text("of the 3 words of the best set found")
    expect(page.locator("#guess-tally tbody tr")).to_have_count(1)
    expect(page.locator("#guess-tally tbody")).to_contain_text("Team <b>one</b>")


def an_own_prompt_stays_text_and_errors_are_words(page):
    page.get_by_role("tab", name="Generation").click()
    page.locator("#prompt textarea").fill(HOSTILE)
    page.get_by_role("tab", name="Game").click()
    page.locator("#guess-round input").click()
    page.get_by_role("option", name=OWN).click()
    page.locator("#guess-start").click()
    expect(page.locator("#guess-board .mw-strip")).to_contain_text(HOSTILE)
    expect(page.locator("#guess-status")).to_contain_text("press Reveal")
    page.locator("#guess-board [data-index='0']").click()
    page.locator("#guess-reveal-button").click()
    expect(page.locator("#guess-status [role=alert]")).to_contain_text("Mark exactly 3: you had marked 1")
    expect(page.locator("#guess-board [data-selected]")).to_have_count(1)
    assert page.locator("#guess-board img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
