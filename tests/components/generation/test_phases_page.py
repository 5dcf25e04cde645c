"""The phases of a search on the page: words are coloured, a set is shown, its proof follows; Stop in each."""

import re

import pytest

from explainers.targets import scorer
from tests.browser import expect, guarded_page

STORY = "Write a long story about a doctor and his patient who read a magazine in the capital of {} in spring"
SECONDS_PER_MASK = 0.15
REMOVED = "#strip .mw-strip [data-removed]"
COLOURED = "#strip .mw-strip [data-sign]"


@pytest.fixture
def slow_until_stop(monkeypatch, stop_pressed):
    evaluate = scorer.TransformersScorer.token_log_probs

    def slowly(self, masks):
        stop_pressed.wait(SECONDS_PER_MASK * len(masks))
        return evaluate(self, masks)

    monkeypatch.setattr(scorer.TransformersScorer, "token_log_probs", slowly)


def test_each_phase_is_shown_and_stop_keeps_it(browser, url, slow_until_stop, stop_pressed):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as page:
        page.goto(url)
        expect(page.locator("#status")).to_contain_text("A stored example")
        a_word_is_coloured_before_the_search_ends(page)
        stop_pressed.clear()
        the_best_set_is_shown_while_sets_are_tried(page)
        stop_pressed.clear()
        the_set_and_its_answer_are_shown_before_the_proof(page)
        check_the_rest_goes_on_with_a_stopped_proof(page)


def run(page, place):
    """A prompt of its own, for an equal one would be answered from what is kept."""
    page.locator("#prompt textarea").fill(STORY.format(place))
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("masks tried")
    expect(page.locator("#strip .mw-strip")).to_contain_text(place)


def stop(page, says):
    page.locator("#stop").click()
    expect(page.locator("#status .mw")).to_have_attribute("data-state", "stopped")
    expect(page.locator("#status")).to_contain_text(says)
    expect(page.locator("#result .mw-sentence")).not_to_be_empty()


def a_word_is_coloured_before_the_search_ends(page):
    run(page, "France")
    expect(page.locator(COLOURED).first).to_be_visible()
    expect(page.locator("#status .mw")).to_have_attribute("data-state", "running")
    expect(page.locator("#status .mw-left")).to_contain_text("left")
    stop(page, re.compile(r"Stopped after \d+ of \d+ steps: this is the best set so far"))
    expect(page.locator(REMOVED).first).to_be_visible()


def the_best_set_is_shown_while_sets_are_tried(page):
    run(page, "Spain")
    expect(page.locator(REMOVED)).to_have_count(3)
    expect(page.locator("#status .mw")).to_have_attribute("data-state", "running")
    stop(page, "this is the best set so far")
    expect(page.locator(REMOVED)).to_have_count(3)


def the_set_and_its_answer_are_shown_before_the_proof(page):
    run(page, "Italy")
    expect(page.locator("#status")).to_contain_text("exchanges checked")
    expect(page.locator("#result .mw-sentence")).not_to_be_empty()
    expect(page.locator("#metrics tbody tr").first).to_be_visible()
    expect(page.locator("#diff [data-side=masked] .mw-answer")).not_to_have_attribute("data-waiting", "true")
    expect(page.locator("#status .mw")).to_have_attribute("data-state", "running")
    expect(page.locator("#check-rest")).to_be_hidden()
    stop(page, re.compile(r"Stopped after \d+ of \d+ checks of the proof"))
    expect(page.locator(REMOVED)).to_have_count(3)
    expect(page.locator("#metrics tbody tr").first).to_be_visible()


def check_the_rest_goes_on_with_a_stopped_proof(page):
    expect(page.locator("#result .mw-sentence")).to_contain_text("Not proved")
    page.locator("#check-rest").click()
    expect(page.locator("#result .mw-facts")).to_contain_text("Locally optimal")
    expect(page.locator("#result .mw-sentence")).not_to_contain_text("Not proved")
    expect(page.locator("#check-rest")).to_be_hidden()
