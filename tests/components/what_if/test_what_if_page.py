"""The What-if tab in a real browser, on a tiny model. Pages fail on script errors and outside requests."""

import re
from unittest import mock

import pytest

from components.generation import tab as generation_tab
from components.generation.controls import DEFAULT_METHOD
from explainers.core.base import EXPLAINERS
from explainers.models import held
from explainers.streams import what_if
from explainers.streams.generation import run
from explainers.streams.requests.generation import GenerationRequest
from tests.browser import expect, guarded_page, unfold
from tests.components.what_if.section_on_page import SectionOnPage
from tests.served import served_app, tiny_model

SECTION = SectionOnPage("what")
words, removed, says = SECTION.words, SECTION.removed, SECTION.says
PROMPT = "Write <img src=x onerror=alert(1)> about ${alert(2)} and a doctor today"
DEFAULT = EXPLAINERS[DEFAULT_METHOD].title


@pytest.fixture(scope="module")
def record():
    """A result of the tiny model: feature ablation removes three words of PROMPT."""
    with mock.patch.object(held, "load_model", tiny_model):
        view = generation_tab.replay([])
        for event in run(GenerationRequest(PROMPT, method="feature_ablation", max_new_tokens=12)):
            view.add(event)
    return view.record()


@pytest.fixture(scope="module")
def url(record):
    """The app, opening with that result in the place of the stored one."""
    with mock.patch.object(generation_tab, "stored_record", lambda: record), served_app() as address:
        yield address


@pytest.fixture
def page(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as opened:
        opened.goto(url)
        open_tab(opened)
        yield opened


def open_tab(page):
    page.get_by_role("tab", name="What if").click()
    expect(page.locator("#what-strip .mw-strip")).to_be_visible()


def test_words_of_a_generation_are_removed_measured_and_explained(page, monkeypatch, stop_pressed):
    errors_are_words_and_stop_works(page, monkeypatch, stop_pressed)
    page.locator("#what-method").click()
    says(page, "3 of 25 words removed. Feature ablation chose this set")
    together_and_another_answer(page)
    fast_clicks_and_keys_remove_and_restore(page)


def test_a_part_is_explained_and_a_new_generation_is_followed(page):
    a_chosen_part_is_explained(page)
    page.locator("#what-method").click()
    it_follows_the_generation_tab_and_is_never_blank(page)


def errors_are_words_and_stop_works(page, monkeypatch, stop_pressed):
    page.locator("#what-why").click()
    expect(page.locator("#what-status [role=alert]")).to_contain_text("The other answer is empty")
    expect(removed(page)).to_have_count(3)

    def until_stop(explanation, removed, on_forward):
        stop_pressed.wait()
        on_forward(1)

    with monkeypatch.context() as patch:
        patch.setattr(what_if, "joint_effect", until_stop)
        page.locator("#what-joint").click()
        says(page, "Removing the words together")
        page.locator("#what-stop").click()
        says(page, "Stopped")
    expect(removed(page)).to_have_count(3)
    words(page).nth(0).click()
    expect(page.locator("#what-status")).to_contain_text(re.compile(r"[24] of \d+ words removed"))


def together_and_another_answer(page):
    page.locator("#what-joint").click()
    says(page, "Measured together and one by one")
    expect(page.locator("#what-joint-effect .barlayer .point")).to_have_count(5)
    expect(page.locator("#what-joint-effect .heatmap-label")).not_to_have_count(0)
    expect(page.locator("#what-joint-effect")).to_contain_text("one by one")
    page.locator("#what-other textarea").fill("A doctor.")
    page.locator("#what-other textarea").press("Enter")
    says(page, "Compared the two answers")
    expect(page.locator("#what-why-result")).to_contain_text("of the other")
    assert page.locator("#what-why-strip [data-sign]").count() > 2
    words(page).nth(0).click()
    expect(page.locator("#what-joint-effect")).to_contain_text("Remove two words or more")


def fast_clicks_and_keys_remove_and_restore(page):
    expect(page.locator("#what-strip .mw-strip")).to_contain_text(PROMPT)
    assert page.locator("#what-strip img, #what-answer img").count() == 0
    page.locator("#what-restore").click()
    says(page, "0 of")
    for index in (0, 2, 4):
        words(page).nth(index).click()
    says(page, "3 of")
    expect(removed(page)).to_have_count(3)
    expect(words(page).nth(2)).to_have_attribute("aria-pressed", "true")
    before = page.locator("#what-result").inner_text()
    words(page).nth(2).focus()
    page.keyboard.press("Enter")
    says(page, "2 of")
    assert page.locator("#what-result").inner_text() != before
    expect(page.locator("#what-diff")).to_contain_text("Press “Write the answer again”")
    page.locator("#what-rewrite").click()
    says(page, "Written again with 2 of")
    expect(page.locator("#what-diff .mw-answer").nth(1)).not_to_contain_text("Press")
    page.locator("#what-method").click()
    says(page, "3 of")
    expect(page.locator("#what-result")).to_contain_text("nats")


def a_chosen_part_is_explained(page):
    button, tokens = page.locator("#what-part"), page.locator("#what-answer .mw-response [data-index]")
    expect(button).to_be_disabled()
    tokens.nth(3).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#what-answer [aria-selected=true]")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("#what-answer [aria-selected=true]")).to_have_count(0)
    start, end = (tokens.nth(index).bounding_box() for index in (6, 9))
    page.mouse.move(start["x"] + 1, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] - 1, end["y"] + end["height"] / 2, steps=5)
    page.mouse.up()
    expect(page.locator("#what-answer .mw-part")).to_contain_text("Chosen: ")
    assert page.locator("#what-answer [aria-selected=true]").count() >= 2
    expect(button).to_be_enabled()
    button.click()
    says(page, f"{DEFAULT} on tiny-llama")
    expect(page.locator("#what-part-result")).to_contain_text("each token of this part")
    expect(page.locator("#what-part-strip .mw-strip [data-removed]")).to_have_count(3)
    expect(page.locator("#strip .mw-strip")).to_contain_text(PROMPT)


def it_follows_the_generation_tab_and_is_never_blank(page):
    says(page, "3 of 25 words removed. Feature ablation chose this set")
    expect(page.locator("#what-result")).to_contain_text("nats")
    expect(page.locator("#what-answer [data-sign]").nth(5)).to_be_visible()
    expect(page.locator("#what-diff .mw-answer")).to_have_count(2)
    page.get_by_role("tab", name="Generation").click()
    page.locator("#prompt textarea").fill("Another prompt about a book")
    unfold(page, "More settings")
    page.locator("#new-tokens input[type=number]").fill("6")
    page.locator("#new-tokens input[type=number]").press("Tab")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text(f"{DEFAULT} on tiny-llama")
    open_tab(page)
    says(page, f"3 of 5 words removed. {DEFAULT} chose this set")
    expect(page.locator("#what-strip .mw-strip")).to_have_text("Another prompt about a book")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
