"""The whole page by keyboard alone: one way through all tabs that never touches the mouse."""

import re
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser import expect, guarded_page
from tests.served import stand_ins

PROMPT = "Write a short story about a doctor and his patient."
MOST_TABS = 70

# Of the element that has the focus: whether it is the one sought, and whether a ring shows where the keyboard
# is. That of a menu is drawn around the field in which its input lies.
FOCUS = """sought => {
  const node = document.activeElement;
  const ringed = [node, node.closest('.wrap')].some((each) => {
    const {outlineStyle, outlineWidth} = each ? getComputedStyle(each) : {};
    return each && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
  const name = node.getAttribute('aria-label') || node.textContent.trim() || node.outerHTML;
  return {lost: node === document.body, found: node.matches(sought), ringed, name};
}"""


@pytest.fixture(scope="module")
def url(launched_url):
    with mock.patch("explainers.streams.report.text_metrics", lambda *answers: []), stand_ins():
        yield launched_url


@pytest.fixture
def page(browser, url):
    allowed = ["clipboard-read", "clipboard-write"]
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}, permissions=allowed) as opened:
        opened.goto(url)
        expect(opened.locator("#status")).to_contain_text("A stored example")
        yield opened


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def tab_to(page, sought, key="Tab"):
    """Tab until the focus is on an element that matches the selector; every place on the way is seen."""
    expect(page.locator(sought).first).to_be_visible()
    before = "the start"
    for _ in range(MOST_TABS):
        press(page, key)
        place = page.evaluate(FOCUS, sought)
        assert not place["lost"], f"on the way to {sought} the focus was lost after {before!r}"
        before = place["name"]
        assert place["ringed"], f"the focus cannot be seen on {place['name']!r}"
        if place["found"]:
            return
    raise AssertionError(f"{MOST_TABS} times {key} do not lead to {sought}")


def open_tab(page, tab_id):
    """Back up to the tabs, and into the one of that id."""
    tab = f"[role=tab][data-tab-id='{tab_id}']"
    tab_to(page, tab, "Shift+Tab")
    press(page, "Enter")
    expect(page.locator(tab)).to_have_attribute("aria-selected", "true")
    expect(page.locator(tab)).to_be_focused()


def says(page, status, text):
    expect(page.locator(status)).to_contain_text(text)


def explain_a_prompt(page):
    tab_to(page, "#prompt textarea")
    press(page, "Control+A")
    page.keyboard.type(PROMPT)
    tab_to(page, "#method input")
    page.keyboard.type("XPrompt")
    expect(page.get_by_role("option")).to_have_count(3)  # and its two ablations
    press(page, "Enter")
    expect(page.locator("#method input")).to_have_value("XPrompt")
    expect(page.locator("#method input")).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(0)
    tab_to(page, "#k input[type=number]")
    press(page, "Control+A")
    page.keyboard.type("2")
    tab_to(page, "#run")
    press(page, "Enter")
    says(page, "#status", "XPrompt on tiny-llama")
    expect(page.locator("#run")).to_be_focused()
    expect(page.locator("#prompt textarea")).to_have_value(PROMPT)


def hear_the_words(page):
    words = page.locator("#strip .mw-strip [data-index]")
    tab_to(page, "#strip [data-index='0']")
    for index, word in enumerate(["Write", "a", "short", "story"]):
        expect(words.nth(index)).to_be_focused()
        label = re.compile(rf'word {index + 1} of 11: "{word}", score \S+ nats')
        expect(words.nth(index)).to_have_attribute("aria-label", label)
        press(page, "ArrowRight")
    expect(page.locator("#strip .mw-strip [aria-label$=', removed']")).to_have_count(2)


def sort_the_comparison(page):
    open_tab(page, "compare")
    tab_to(page, "#compare-table th button[data-name='kl']")
    press(page, "Enter")
    expect(page.locator("#compare-table th[aria-sort='descending']")).to_contain_text("KL")
    expect(page.locator("#compare-table th button[data-name='kl']")).to_be_focused()


def click_a_word_off_and_explain_a_part(page):
    open_tab(page, "what-if")
    tab_to(page, "#what-strip [data-index]")
    press(page, "End", "Home")
    word = page.locator("#what-strip .mw-strip [data-index='0']")
    removed = word.get_attribute("aria-pressed") == "true"
    press(page, "Enter")
    says(page, "#what-status", f"{1 if removed else 3} of 11 words removed.")
    expect(word).to_have_attribute("aria-pressed", str(not removed).lower())
    expect(word).to_be_focused()
    tab_to(page, "#what-answer [data-index]")
    press(page, "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    expect(page.locator("#what-answer [aria-selected=true]")).to_have_count(3)
    expect(page.locator("#what-part")).to_be_enabled()
    tab_to(page, "#what-part")
    press(page, "Enter")
    expect(page.locator("#what-part-result")).to_contain_text("each token of this part")
    expect(page.locator("#what-part")).to_be_focused()


def guess_a_round(page):
    open_tab(page, "classroom")
    tab_to(page, "#guess-start")
    press(page, "Enter")
    says(page, "#guess-status", "then press Reveal")
    tab_to(page, "#guess-board [data-index='0']")
    press(page, "Enter", "ArrowRight", "Space", "ArrowRight", "Enter")
    expect(page.locator("#guess-board .mw-counter")).to_have_text("3 of 3 marked: press Reveal")
    tab_to(page, "#guess-reveal-button")
    press(page, "Enter")
    says(page, "#guess-reveal .mw-score", re.compile(r"\d+%|No score"))
    says(page, "#guess-status", "Revealed")
    expect(page.locator("#guess-reveal-button")).to_be_focused()


def replay_to_step_10(page):
    open_tab(page, "replay")
    tab_to(page, "#replay input[type=range]")
    press(page, *["ArrowRight"] * 9)
    expect(page.locator("#replay .mw-replay-count")).to_have_text("step 10 of 100")
    expect(page.locator("#replay .mw-sentence")).to_contain_text("Step 10: ")


def copy_a_link(page):
    open_tab(page, "generation")
    tab_to(page, "#share button[aria-label^='Copy link']")
    press(page, "Enter")
    says(page, "#share [role=status]", "Link copied")
    link = parse_qs(urlsplit(page.evaluate("navigator.clipboard.readText()")).query)
    assert (link["prompt"], link["k"], link["method"]) == ([PROMPT], ["2"], ["xprompt"])
    expect(page.locator("#share button[aria-label^='Copy link']")).to_be_focused()


def test_all_by_keyboard_once(page):
    explain_a_prompt(page)
    hear_the_words(page)
    sort_the_comparison(page)
    click_a_word_off_and_explain_a_part(page)
    guess_a_round(page)
    replay_to_step_10(page)
    copy_a_link(page)
