"""The What-if section on a classified text in a real browser. Pages fail on script errors and outside
requests."""

import re
from contextlib import contextmanager

import pytest

from components.sharing.links import link_fields
from components.what_if import class_tab as class_what_if_tab
from tests.browser import check, expect, guarded_page, turn_dark, unfold
from tests.components.what_if.section_on_page import SectionOnPage

SECTION = SectionOnPage("class-what")
words, removed, says = SECTION.words, SECTION.removed, SECTION.says
TEXT = "Shares of the football club rose."
HOSTILE = "Shares <img src=x onerror=alert(1)> of ${alert(2)} and {{ value }} [MASK] rose"


@contextmanager
def fresh_page(browser, address):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as opened:
        opened.goto(address)
        yield opened


@pytest.fixture
def page(browser, url):
    with fresh_page(browser, url) as opened:
        yield opened


def open_section(page):
    page.get_by_role("tab", name="What if").click()
    page.get_by_role("tab", name="A classified text").click()
    expect(page.locator("#class-what-stop")).to_be_visible()


def open_classification(page):
    page.get_by_role("tab", name="Classification").click()
    expect(page.locator("#class-run")).to_be_visible()


def classify(page, text=TEXT, done="PromptExplainer on tiny-bert"):
    page.locator("#class-text textarea").fill(text)
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text(done)


def remove_two(page):
    for index in (0, 3):
        words(page).nth(index).click()
    says(page, "2 of 7 tokens removed.")


def column(page, number) -> list[str]:
    """One of the two columns of probabilities, from the chart's table."""
    page.locator("#class-what-changes details").evaluate("fold => { fold.open = true; }")
    cells = page.locator("#class-what-changes tbody td").nth(number)
    expect(cells).to_be_visible()
    return page.locator(f"#class-what-changes tbody td:nth-of-type({number + 1})").all_inner_texts()


def after(page) -> list[str]:
    return column(page, 1)


def before(page) -> list[str]:
    return column(page, 0)


def numbers(texts) -> list[float]:
    return [float(re.sub(r"[^\d.]", "", text)) for text in texts]


def test_a_text_is_followed_its_words_removed_and_restored_and_linked(browser, url):
    with fresh_page(browser, url) as page:
        opens_with_the_stored_example_and_follows_a_new_one(page)
        remove_two(page)
        page.locator("#class-what-link").get_by_role("button", name="Copy link").click()
        expect(page.locator("#class-what-link [role=status]")).not_to_be_empty()
        link, measured = page.url, after(page)
        clicks_and_keys_remove_and_restore(page)
    with fresh_page(browser, link) as fresh:
        the_link_removes_the_same_words_once_run_is_pressed(fresh, measured)


def opens_with_the_stored_example_and_follows_a_new_one(page):
    open_section(page)
    says(page, "0 of 17 tokens removed.")
    expect(page.locator("#class-what-result")).to_contain_text("the model says Sports")
    expect(page.locator("#class-what-changes .ytick")).to_have_count(4)
    expect(words(page)).to_have_count(17)
    open_classification(page)
    classify(page)
    open_section(page)
    says(page, "0 of 7 tokens removed.")
    expect(page.locator("#class-what-strip .mw-strip")).to_contain_text(TEXT)
    expect(page.locator("#class-what-strip .mw-mask")).to_have_text("[MASK]")
    assert after(page) == before(page)


def clicks_and_keys_remove_and_restore(page):
    expect(removed(page)).to_have_text(["Shares", "football"])
    result = page.locator("#class-what-result")
    expect(result).to_contain_text("Without Shares and football, ")
    expect(result).to_contain_text("percentage points")
    both = after(page)
    assert both != before(page)
    words(page).nth(3).focus()
    page.keyboard.press("Enter")
    says(page, "1 of 7")
    expect(result).to_contain_text("Without Shares, ")
    assert after(page) != both
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    says(page, "2 of 7")
    expect(words(page).nth(4)).to_have_attribute("aria-pressed", "true")
    page.locator("#class-what-method").click()
    says(page, "3 of 7 tokens removed. PromptExplainer chose this set.")
    page.locator("#class-what-joint").click()
    says(page, "Measured together and one by one")
    expect(page.locator("#class-what-joint-effect .barlayer .point")).to_have_count(5)
    page.locator("#class-what-restore").click()
    says(page, "0 of 7")
    expect(result).to_contain_text("With nothing removed")
    assert after(page) == before(page)
    expect(page.locator("#class-what-joint-effect")).to_contain_text("Remove two words or more")


def the_link_removes_the_same_words_once_run_is_pressed(fresh, measured):
    said = fresh.locator("#class-what-run-status")
    expect(said).to_contain_text("Restored from a link. Press Run. It explains the text")
    expect(fresh.locator("#class-what-strip")).to_be_hidden()
    fresh.locator("#class-what-run").click()
    says(fresh, "2 of 7 tokens removed.")
    expect(removed(fresh)).to_have_text(["Shares", "football"])
    expect(fresh.locator("#class-what-result")).to_contain_text("Without Shares and football, ")
    assert after(fresh) == measured


def test_stop_a_phone_a_run_from_here_and_markup(page, monkeypatch, stop_pressed):
    open_section(page)
    errors_are_words_and_stop_works(page, monkeypatch, stop_pressed)
    fits_a_phone_light_and_dark(page)
    while_the_page_reads_live_it_can_be_run_here(page)
    markup_and_template_code_stay_text(page)


def errors_are_words_and_stop_works(page, monkeypatch, stop_pressed):
    def until_stop(explanation, removed, on_forward, loaded):
        stop_pressed.wait()
        on_forward(1)

    words(page).nth(0).click()
    says(page, "1 of 17")
    with monkeypatch.context() as patch:
        patch.setattr(class_what_if_tab, "class_joint_effect", until_stop)
        page.locator("#class-what-joint").click()
        says(page, "Removing the words together")
        page.locator("#class-what-stop").click()
        says(page, "Stopped")
    expect(removed(page)).to_have_count(1)
    words(page).nth(1).click()
    says(page, "2 of 17")
    with monkeypatch.context() as patch:
        patch.setattr("explainers.streams.what_if.MOST_JOINT", 1)
        page.locator("#class-what-joint").click()
        expect(page.locator("#class-what-status [role=alert]")).to_contain_text("Remove fewer")
    expect(removed(page)).to_have_count(2)


def fits_a_phone_light_and_dark(page):
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#class-what-method").click()
    says(page, "chose this set")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    turn_dark(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size(size)


def while_the_page_reads_live_it_can_be_run_here(page):
    expect(page.locator("#class-what-run")).to_be_hidden()
    open_classification(page)
    page.locator("#class-text textarea").fill(TEXT)
    expect(page.locator("#class-strip")).to_contain_text("Live:")
    page.get_by_role("tab", name="What if").click()
    said = page.locator("#class-what-run-status")
    expect(said).to_contain_text("Press Run. It explains the text of the Classification tab")
    expect(page.locator("#class-what-strip")).to_be_hidden()
    page.locator("#class-what-run").click()
    says(page, "0 of 7 tokens removed.")
    expect(page.locator("#class-what-strip .mw-strip")).to_contain_text(TEXT)
    expect(page.locator("#class-what-run")).to_be_hidden()
    check(page)


def markup_and_template_code_stay_text(page):
    open_classification(page)
    page.locator("#label-words textarea").fill("<b>A</b>: sports\n${alert(3)}: business")
    classify(page, HOSTILE)
    open_section(page)
    expect(page.locator("#class-what-strip .mw-strip")).to_contain_text(HOSTILE)
    for index in (1, 2, 3):
        words(page).nth(index).click()
    says(page, "3 of")
    names = page.locator("#class-what-changes .ytick")
    expect(names).to_have_text([re.compile(r"^<b>A</b>"), re.compile(r"^\$\{alert\(3\)\}")])
    expect(page.locator("#class-what-result")).to_contain_text("Without <")
    assert page.locator("img[src=x], #class-what-changes svg b, #class-what-result b").count() == 0


def test_an_error_of_run_is_said_where_it_was_pressed(browser, url):
    with fresh_page(browser, f"{url}?{link_fields('what-if-class', {'text': ' ', 'removed': [0]})}") as page:
        expect(page.locator("#class-what-run-status")).to_contain_text("Restored from a link.")
        page.locator("#class-what-run").click()
        expect(page.locator("#class-what-run-status [role=alert]")).to_contain_text("text")
        expect(page.locator("#class-what-run")).to_be_visible()
        expect(page.locator("#class-what-strip")).to_be_hidden()


def test_a_model_tuned_at_the_page_answers(page, monkeypatch):
    monkeypatch.setattr("components.classification.tuned_models.STEPS", 3)
    open_classification(page)
    page.locator("#label-words textarea").fill("Fruit: apple\nAnimal: dog")
    unfold(page, "Your own labelled texts")
    page.locator("#labelled-texts textarea").fill("Fruit: sweet and red\nAnimal: it barks")
    tune(page)
    classify(page, done="tuned on a few texts")
    shares = numbers(page.locator("#class-bars .mw-number").all_inner_texts())
    open_section(page)
    says(page, "0 of 7")
    words(page).nth(1).click()
    says(page, "1 of 7")
    assert numbers(before(page)) == pytest.approx(shares, abs=0.5) and after(page) != before(page)
    open_classification(page)
    page.locator("#labelled-texts textarea").fill("Fruit: round and ripe\nAnimal: it runs")
    tune(page)
    open_section(page)
    words(page).nth(2).click()
    expect(page.locator("#class-what-status [role=alert]")).to_contain_text("Another tuned model")
    expect(removed(page)).to_have_count(2)
    assert after(page) == ["–", "–"]


def tune(page):
    page.locator("#tune").click()
    expect(page.locator("#class-status")).to_contain_text("The tuned model is chosen")
