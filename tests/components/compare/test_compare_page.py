"""The Compare tab in a real browser. Every page fails on script errors and outside requests."""

import re

import pytest
import torch

from components.compare import tab as compare_tab
from components.generation import settings as generation_settings
from explainers.measures import text as metrics
from explainers.targets.response import ResponseTarget
from tests.browser import expect, guarded_page, turn_dark
from tests.served import served_app

PROMPT = "Write a short story about a doctor and his patient."
HOSTILE = "Write <img src=x onerror=alert(1)> about ${alert(2)} and {{ value }} today"
TITLES = ["XPrompt", "Best within a budget", "Feature ablation", "Integrated gradients"]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """A tiny model is slower on two threads, and many times so on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_tab, "STORED", tmp_path_factory.mktemp("none") / "comparison.json")
        patch.setattr(generation_settings, "ANSWER_TOKENS", 8)
        patch.setattr(metrics, "sentence_encoder", lambda: None)  # it takes longer to load than all the rest
        patch.setattr(metrics, "sentence_similarity", lambda a, b, encoder: 0.5)
        with served_app() as address:
            yield address


@pytest.fixture
def page(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as opened:
        opened.goto(url)
        opened.get_by_role("tab", name="Compare").click()
        expect(opened.locator("#compare-run")).to_be_visible()
        yield opened


@pytest.fixture
def endless_after_the_first_row(monkeypatch, stop_pressed):
    """Every method but the first works until it is stopped."""
    anew, begun = ResponseTarget.anew, []

    def working(target, screening):
        if begun:
            stop_pressed.wait()
            target.on_forward(0)
        begun.append(target)
        return anew(target, screening)

    monkeypatch.setattr(ResponseTarget, "anew", working)


def compare(page, prompt=PROMPT):
    page.locator("#compare-prompt textarea").fill(prompt)
    page.locator("#compare-run").click()
    expect(page.locator("#compare-status")).to_contain_text("4 of 4 methods compared on tiny-llama")


def numbers(page, name):
    cells = page.locator(f"#compare-table tbody td[data-name='{name}'] .mw-number")
    return [float(text) for text in cells.all_inner_texts()]


def test_methods_are_compared_sorted_and_shown_on_a_phone(page):
    four_methods_are_compared_and_sorted_and_stay_when_the_next_run_fails(page)
    a_phone_shows_cards_and_markup_stays_text(page)


def four_methods_are_compared_and_sorted_and_stay_when_the_next_run_fails(page):
    expect(page.locator("#compare-table .mw-empty")).to_contain_text("Choose up to eight methods")
    expect(page.locator("#compare-estimate")).to_contain_text(re.compile(r"About [\d,]+ passes"))
    compare(page)
    rows = page.locator("#compare-table tbody tr")
    expect(rows).to_have_count(4)
    expect(page.locator("#compare-table tfoot")).to_contain_text("Random removal")
    expect(page.locator("#compare-table .mw-reading")).to_contain_text("3 words removed at random")
    assert page.locator("#compare-table tbody .mw-strip [data-removed]").count() == 12
    assert sorted(page.locator("#compare-table tbody .mw-row-title").all_inner_texts()) == sorted(TITLES)
    ratio = page.get_by_role("button", name="Ratio", exact=True)
    ratio.focus()
    page.keyboard.press("Enter")
    head = page.locator("#compare-table th[aria-sort='ascending']")
    expect(head).to_contain_text("Ratio")
    assert numbers(page, "probability_ratio") == sorted(numbers(page, "probability_ratio"))
    expect(rows.first.locator("td[data-name='probability_ratio'] strong")).to_be_visible()
    expect(rows.first.locator("td[data-name='probability_ratio']")).to_contain_text("best")
    expect(ratio).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#compare-table th[aria-sort='descending']")).to_contain_text("Ratio")
    assert numbers(page, "probability_ratio") == sorted(numbers(page, "probability_ratio"), reverse=True)
    page.get_by_role("button", name="KL", exact=True).click()  # higher is better: the best come first
    expect(page.locator("#compare-table th[aria-sort='descending']")).to_contain_text("KL")
    assert numbers(page, "kl") == sorted(numbers(page, "kl"), reverse=True)
    votes = page.locator("#agreement-map .mw-votes sup")
    assert sum(int(text) for text in votes.all_inner_texts()) == 12
    expect(page.locator("#agreement-map .heatmap-label")).to_have_count(16)
    expect(page.locator("#compare-estimate")).to_contain_text("at the speed of the last comparison")
    page.locator("#compare-prompt textarea").fill("Two words")
    page.locator("#compare-run").click()
    expect(page.locator("#compare-status [role=alert]")).to_contain_text("has only 2 words")
    expect(page.locator("#compare-table tbody tr")).to_have_count(4)


def a_phone_shows_cards_and_markup_stays_text(page):
    page.set_viewport_size({"width": 390, "height": 844})
    turn_dark(page)
    compare(page, HOSTILE)
    expect(page.locator("#compare-table tbody .mw-strip").first).to_have_text(HOSTILE)
    assert page.locator("#compare-table img, #agreement-map img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    card = page.locator("#compare-table tbody tr").first.bounding_box()
    assert card["width"] <= 390 and card["height"] > 200
    page.get_by_role("button", name="All measures").click()
    expect(page.locator("#compare-table td[data-name='kl_published']").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_stop_keeps_finished_rows_and_the_estimate_follows_the_choice(page, endless_after_the_first_row):
    stop_keeps_finished_rows(page)
    the_estimate_follows_the_choice_and_what_generation_explains_can_be_taken(page)


def stop_keeps_finished_rows(page):
    page.locator("#compare-prompt textarea").fill(PROMPT)
    page.locator("#compare-run").click()
    expect(page.locator("#compare-table tbody tr").first).to_be_visible()
    page.locator("#compare-stop").click()
    expect(page.locator("#compare-status")).to_contain_text("Finished rows stay")
    expect(page.locator("#compare-status")).to_contain_text("Stopped: 1 of 4 methods compared")
    expect(page.locator("#compare-table tbody tr")).to_have_count(1)
    expect(page.locator("#agreement-map .mw-votes sup").first).to_be_visible()


def the_estimate_follows_the_choice_and_what_generation_explains_can_be_taken(page):
    estimate = page.locator("#compare-estimate")
    expect(estimate).to_contain_text("passes")
    before = estimate.inner_text()
    page.get_by_label("Shapley value sampling", exact=True).check()
    expect(estimate).not_to_have_text(before)
    for title in [*TITLES, "Shapley value sampling"]:
        page.get_by_label(title, exact=True).uncheck()
    expect(estimate).to_contain_text("Choose between 1 and 8 methods")
    page.get_by_role("tab", name="Generation").click()
    page.locator("#prompt textarea").fill("Another prompt about a book")
    page.locator("#k input[type=number]").fill("2")
    page.locator("#k input[type=number]").press("Tab")
    page.get_by_role("tab", name="Compare").click()
    page.locator("#compare-take").click()
    expect(page.locator("#compare-prompt textarea")).to_have_value("Another prompt about a book")
    expect(page.locator("#compare-k input[type=number]")).to_have_value("2")


def test_both_charts_are_drawn_and_read_by_keyboard(page):
    page.locator("#ratio-k input[type=number]").fill("2")
    page.locator("#ratio-run").click()
    caption = page.locator("#ratio-plot .cap")
    expect(caption).to_contain_text("k 2 of 2")
    expect(page.locator("#compare-status")).to_contain_text("drawn for k = 1 to 2")
    expect(caption).to_contain_text("random removal")
    expect(page.locator("#ratio-plot .legendtext")).to_have_count(5)
    page.locator("#ratio-plot [role=slider]").focus()
    page.keyboard.press("Home")
    expect(page.locator("#ratio-plot [role=slider]")).to_contain_text("k 1, ")
    page.locator("#bands-seeds input[type=number]").fill("2")
    page.locator("#bands-iterations input[type=number]").fill("10")
    page.locator("#bands-run").click()
    expect(page.locator("#compare-status")).to_contain_text("6 searches drawn")
    expect(page.locator("#convergence-bands .cap")).to_contain_text("iteration 10 of 10")
    expect(page.locator("#convergence-bands .legendtext")).to_have_count(3)
