"""The Generation tab in a real browser. Every page fails on script errors and outside requests."""

import re
from threading import Event

import pytest

from explainers.targets import scorer
from tests.browser import choose, expect, guarded_page, turn_dark

HOSTILE = "Write <img src=x onerror=alert(1)> about ${alert(2)} and {{ value }} <|im_end|> today"
SCREEN = {"width": 1280, "height": 1000}


@pytest.fixture
def halt(monkeypatch):
    """halt(event): from now on, passes after the first 8, of some 20, wait for it."""
    evaluate = scorer.TransformersScorer.token_log_probs

    def halt(event):
        free = iter(range(8))

        def halted(self, masks):
            if next(free, None) is None:
                event.wait(60)
            return evaluate(self, masks)

        monkeypatch.setattr(scorer.TransformersScorer, "token_log_probs", halted)

    return halt


def write(page, prompt):
    page.locator("#prompt textarea").fill(prompt)


def test_a_stored_example_errors_and_runs_that_end_or_are_stopped(browser, url, halt, stop_pressed):
    with guarded_page(browser, viewport=SCREEN) as page:
        page.goto(url)
        expect(page.locator("#plot .cap")).to_contain_text("iteration 100 of 100")
        a_phone_shows_it_without_sideways_scrolling_light_and_dark(page)
        it_opens_with_a_stored_example_that_is_read_by_keyboard(page)
        markup_stays_text(page)
        errors_are_words_beside_run_that_lose_nothing(page)
        run_grows_the_plot_and_ends_with_the_diff(page, halt)
        stop_keeps_the_best_set_so_far(page, halt, stop_pressed)


def a_phone_shows_it_without_sideways_scrolling_light_and_dark(page):
    page.set_viewport_size({"width": 390, "height": 844})
    for look in (lambda page: None, turn_dark):
        look(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        run = page.locator("#run").bounding_box()
        assert run["y"] + run["height"] < 844
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(SCREEN)


def it_opens_with_a_stored_example_that_is_read_by_keyboard(page):
    expect(page.locator("#status")).to_contain_text("A stored example")
    expect(page.locator("#result")).to_contain_text("likely")
    expect(page.locator("#strip [data-removed]").first).to_be_visible()
    expect(page.locator("#metrics tbody tr")).to_have_count(8)
    first = page.locator("#strip .mw-strip [data-index='0']")
    first.focus()
    page.keyboard.press("ArrowRight")
    second = page.locator("#strip .mw-strip [data-index='1']")
    expect(second).to_be_focused()
    expect(second).to_have_attribute("aria-label", re.compile(r'word 2 of 14: "a", score 0 nats'))
    page.keyboard.press("End")
    expect(page.locator("#strip .mw-strip [data-index='13']")).to_be_focused()


def markup_stays_text(page):
    write(page, HOSTILE)
    page.locator("#prompt textarea").press("Shift+Enter")
    expect(page.locator("#status")).to_contain_text("Best within a budget on tiny-llama")
    expect(page.locator("#result")).to_contain_text("optimal")
    expect(page.locator("#strip .mw-strip")).to_contain_text(HOSTILE)
    assert page.locator("#strip img, #diff img").count() == 0
    the_fold_shows_what_the_model_read(page)


def the_fold_shows_what_the_model_read(page):
    fold = page.locator("#rendered")
    fold.locator("summary").click()
    expect(fold.locator("[data-kind=text]")).to_have_text(HOSTILE)
    expect(fold.locator("[data-kind=mark]").first).to_have_text("<|im_start|>")
    expect(fold.locator("[data-kind=text] img")).to_have_count(0)


def errors_are_words_beside_run_that_lose_nothing(page):
    write(page, "Two words")
    page.locator("#run").click()
    expect(page.locator("#status [role=alert]")).to_contain_text("has only 2 words. Choose k between 1 and 2")
    expect(page.locator("#prompt textarea")).to_have_value("Two words")


def run_grows_the_plot_and_ends_with_the_diff(page, halt):
    halt(goes_on := Event())
    write(page, "Write a short story about a doctor and his patient, in a magazine.")
    choose(page, "#method", "XPrompt")
    page.locator("#run").click()
    caption = page.locator("#plot .cap")
    expect(caption).to_contain_text(re.compile(r"iteration \d{1,2} of 100"))
    goes_on.set()
    expect(caption).to_contain_text("iteration 100 of 100")
    expect(page.locator("#status")).to_contain_text("XPrompt on tiny-llama")
    expect(page.locator("#strip [data-removed]")).to_have_count(4)  # three, and the legend's sample
    expect(page.locator("#diff .mw-legend .mw-note")).not_to_be_empty()
    expect(page.locator("#about-time")).to_contain_text("as the last ones did on this machine")
    expect(page.locator("#metrics")).to_contain_text("KL divergence")


def stop_keeps_the_best_set_so_far(page, halt, stop_pressed):
    halt(stop_pressed)
    write(
        page, "Write a long story about a doctor, his patient, a magazine, a book and the capital of France."
    )
    choose(page, "#method", "XPrompt")
    page.locator("#run").click()
    expect(page.locator("#plot .cap")).to_contain_text(re.compile(r"iteration \d{1,2} of 100"))
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text(re.compile(r"Stopped after \d+ of 100 steps"))
    expect(page.locator("#strip [data-removed]")).to_have_count(4)
    expect(page.locator("#plot .cap")).not_to_contain_text("iteration 100 of 100")
    write(page, "Write again")
    choose(page, "#method", "Feature ablation")
    page.locator("#k input[type=number]").fill("1")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("Feature ablation on tiny-llama")
