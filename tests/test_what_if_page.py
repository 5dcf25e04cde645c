"""The What-if tab in a real browser, on a tiny model. Pages fail on script errors and outside requests."""

import re
import time

import pytest
from playwright.sync_api import expect

from explainers.core import what_if
from tests.browser import chromium, guarded_page
from tests.served import served_app

PROMPT = "Write <img src=x onerror=alert(1)> about ${alert(2)} and a doctor today"
SECONDS = {"timeout": 60_000}


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def url():
    with served_app() as address:
        yield address


@pytest.fixture
def fresh(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as page:
        page.goto(url)
        expect(page.locator("#plot .cap")).to_contain_text("iteration 100 of 100", **SECONDS)
        yield page


@pytest.fixture
def page(fresh):
    """The tab on a result of the tiny model: three of the prompt's words are removed by feature ablation."""
    fresh.locator("#prompt textarea").fill(PROMPT)
    fresh.locator("#method input").first.click()
    fresh.get_by_role("option", name="Feature ablation", exact=True).click()
    fresh.locator("#run").click()
    expect(fresh.locator("#status")).to_contain_text("Feature ablation on tiny-llama", **SECONDS)
    open_tab(fresh)
    expect(fresh.locator("#what-status")).to_contain_text("Feature ablation on tiny-llama", **SECONDS)
    yield fresh


def open_tab(page):
    page.get_by_role("tab", name="What if").click()
    expect(page.locator("#what-strip .mw-strip")).to_be_visible(**SECONDS)


def words(page):
    return page.locator("#what-strip .mw-strip [data-index]")


def removed(page):
    return page.locator("#what-strip .mw-strip [data-removed]")


def says(page, text):
    expect(page.locator("#what-status")).to_contain_text(text, **SECONDS)


def test_it_opens_on_the_stored_example_and_leaves_nothing_blank(fresh):
    open_tab(fresh)
    says(fresh, "3 of 14 words removed. These come from XPrompt on")
    expect(removed(fresh)).to_have_text(["story", "doctor", "patient"])
    expect(fresh.locator("#what-result")).to_contain_text("falls by 19.66 nats")
    assert fresh.locator("#what-answer [data-sign=positive]").count() > 20
    expect(fresh.locator("#what-diff del").first).to_be_visible()
    fresh.locator("#what-restore").click()
    expect(fresh.locator("#what-result")).to_contain_text("stays as likely as before", **SECONDS)
    fresh.set_viewport_size({"width": 390, "height": 844})
    assert fresh.evaluate("document.documentElement.scrollWidth") <= 390


def test_fast_clicks_and_keys_remove_and_restore(page):
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


def test_together_and_another_answer(page):
    page.locator("#what-joint").click()
    says(page, "Measured together and one by one")
    expect(page.locator("#what-joint-effect .mw-drops li")).to_have_count(5)
    expect(
        page.locator("#what-joint-effect .mw-pairs td[data-sign], .mw-pairs td:not([aria-hidden])")
    ).to_have_count(7)
    expect(page.locator("#what-joint-effect")).to_contain_text("one by one")
    page.locator("#what-other textarea").fill("A doctor.")
    page.locator("#what-other textarea").press("Enter")
    says(page, "Compared the two answers")
    expect(page.locator("#what-why-result")).to_contain_text("of the other")
    assert page.locator("#what-why-strip [data-sign]").count() > 2
    words(page).nth(0).click()
    expect(page.locator("#what-joint-effect")).to_contain_text("Remove two words or more", **SECONDS)


def test_a_chosen_part_is_explained(page):
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
    expect(button).to_be_enabled(**SECONDS)
    button.click()
    says(page, "Feature ablation on tiny-llama")
    expect(page.locator("#what-part-result")).to_contain_text("each token of this part", **SECONDS)
    expect(page.locator("#what-part-strip .mw-strip [data-removed]")).to_have_count(3)
    expect(page.locator("#strip .mw-strip")).to_contain_text(PROMPT)


def test_errors_are_words_and_stop_works(page, monkeypatch):
    page.locator("#what-why").click()
    expect(page.locator("#what-status [role=alert]")).to_contain_text("The other answer is empty", **SECONDS)
    expect(removed(page)).to_have_count(3)

    def slowly(explanation, removed, on_forward):
        while True:
            on_forward(1)
            time.sleep(0.05)

    monkeypatch.setattr(what_if, "joint_effect", slowly)
    page.locator("#what-joint").click()
    says(page, "Removing the words together")
    page.locator("#what-stop").click()
    says(page, "Stopped")
    expect(removed(page)).to_have_count(3)
    monkeypatch.undo()
    words(page).nth(0).click()
    expect(page.locator("#what-status")).to_contain_text(re.compile(r"[24] of \d+ words removed"), **SECONDS)
