"""Replay, tour and projector mode on the whole page, by keyboard."""

import re

from components.page.tour import CARDS
from tests.browser import expect, guarded_page, turn_dark

SCREEN = {"width": 1280, "height": 1000}


def opened_at(page, url):
    page.goto(url)
    expect(page.locator("#plot .cap")).to_contain_text("iteration 100 of 100")


def press(page, key, times=1):
    for _ in range(times):
        page.keyboard.press(key)


def open_replay(page):
    """To the replay's slider, by keyboard from the tabs on."""
    page.get_by_role("tab", name="Classroom").focus()
    press(page, "Enter")
    page.get_by_role("tab", name=re.compile("Replay")).focus()
    press(page, "Enter")
    expect(page.locator("#replay input[type=range]")).to_be_visible()
    page.locator("#replay input[type=range]").focus()


def test_tour_projector_mode_and_replay_by_keyboard(browser, url):
    with guarded_page(browser, viewport=SCREEN) as page:
        opened_at(page, url)
        projector_mode_on_and_off(page)
        the_tour(page)
        the_tour_fits_a_phone(page)
        replay_to_step_10(page)
        replay_of_a_new_result(page)


def replay_to_step_10(page):
    open_replay(page)
    press(page, "ArrowRight", 9)
    expect(page.locator("#replay .mw-replay-count")).to_have_text("step 10 of 100")
    expect(page.locator("#replay .mw-sentence")).to_contain_text("Step 10: put the")
    expect(page.locator("#replay .mw-sentence")).to_contain_text("so it is accepted.")
    expect(page.locator("#replay .mw-verdict")).to_have_text("✓ accepted")
    removed = page.locator("#replay .mw-strip [data-removed]")
    assert [word.inner_text().strip("+−") for word in removed.all()] == ["story", "doctor", "patient"]
    press(page, " ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.locator("#replay .mw-replay-count")).to_have_text(re.compile(r"step 1[2-9] of 100"))
    press(page, "End")
    expect(page.locator("#replay .mw-replay-count")).to_have_text("step 100 of 100")


def replay_of_a_new_result(page):
    page.get_by_role("tab", name="Generation").click()
    page.locator("#prompt textarea").fill("Write a long poem about a nurse, her cat and two friends.")
    page.locator("#prompt textarea").press("Shift+Enter")
    expect(page.locator("#status")).to_contain_text("Best within a budget on tiny-llama")
    open_replay(page)
    expect(page.locator("#replay .mw-strip")).to_contain_text("a nurse, her cat")
    expect(page.locator("#replay .mw-sentence")).to_contain_text(re.compile(r"Step 1: .*log p −"))


def the_tour(page):
    page.get_by_role("tab", name="Classification").click()
    start, dialog = page.get_by_role("button", name="Take the tour"), page.get_by_role("dialog")
    start.focus()
    press(page, "Enter")
    for n, card in enumerate(CARDS, start=1):
        expect(page.get_by_role("dialog", name=card["title"])).to_be_visible()
        expect(dialog).to_contain_text(f"{n} of {len(CARDS)}")
        expect(page.locator(card["target"])).to_be_in_viewport()
        box = page.locator(".mw-tour-card").bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 1000
        expect(dialog.get_by_role("button", name="Done" if n == len(CARDS) else "Next")).to_be_focused()
        press(page, "Enter")
    expect(dialog).to_have_count(0)
    expect(start).to_be_focused()
    press(page, "Enter")
    press(page, "ArrowRight", 2)
    press(page, "ArrowLeft")
    expect(dialog).to_contain_text(f"2 of {len(CARDS)}")
    press(page, "Tab", 3)
    assert page.evaluate(
        "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
    )
    press(page, "Escape")
    expect(dialog).to_have_count(0)
    expect(start).to_be_focused()


def the_tour_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Take the tour").click()
    for card in CARDS:
        expect(page.get_by_role("dialog", name=card["title"])).to_be_visible()
        box = page.locator(".mw-tour-card").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert box["y"] >= 0 and box["y"] + box["height"] <= 844
        press(page, "ArrowRight")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.set_viewport_size(SCREEN)


def size_of(page, selector):
    return float(page.locator(selector).evaluate("node => getComputedStyle(node).fontSize").rstrip("px"))


def projector_mode_on_and_off(page):
    button = page.get_by_role("button", name="Projector mode")
    small = size_of(page, "#strip .mw-strip")
    button.focus()
    press(page, "Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert size_of(page, "#strip .mw-strip") > 1.5 * small
    for selector in ("#metrics", "#model", "#status .mw-status", "#result .mw-facts"):
        expect(page.locator(selector)).not_to_be_visible()
    expect(page.get_by_text("More settings").first).not_to_be_visible()
    for selector in ("#prompt", "#run", "#result .mw-sentence", "#strip", "#plot", "#diff"):
        expect(page.locator(selector)).to_be_visible()
    press(page, "Escape")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(button).to_be_focused()
    expect(page.locator("#metrics")).to_be_visible()
    assert size_of(page, "#strip .mw-strip") == small
    press(page, " ")
    expect(page.locator("#metrics")).not_to_be_visible()
    press(page, " ")
    expect(page.locator("#metrics")).to_be_visible()


# By tab: what must be there in projector mode, and what must not.
ESSENTIALS = {
    "Generation": (["#result .mw-sentence", "#strip"], ["#model", "#share"]),
    "Classification": (["#class-result .mw-sentence", "#class-bars"], ["#template", "#class-share"]),
    "Compare": (["#compare-table"], ["#compare-model", "#compare-share"]),
    "What if": (["#what-strip", "#what-answer"], ["#what-part-strip"]),
    "Classroom": ([], []),
    "Predict, then reveal": (["#guess-board"], ["#guess-tally"]),
    "Replay a search": (["#replay"], []),
}
CUT_OFF = """view => {
  const beyond = (part) => part.getBoundingClientRect().right > view.getBoundingClientRect().right + 1;
  const overfull = (part) =>  // letters of a drawing have no box of their own to overflow
    part instanceof HTMLElement && part.clientWidth > 1 && part.scrollWidth > part.clientWidth + 1;
  const shown = (part) => part.getClientRects().length && getComputedStyle(part).position !== 'absolute';
  return [...view.querySelectorAll('*')].filter(shown)
    .filter((part) => beyond(part) || overfull(part)).map((part) => `${part.className}: ${part.textContent}`);
}"""


def test_the_address_opens_projector_mode_in_which_every_tab_fits(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 720}, color_scheme="light") as page:
        opened_at(page, f"{url}?projector=1")
        pressed = page.get_by_role("button", name="Projector mode", pressed=True)
        expect(pressed).to_be_visible()
        assert ink_of(page) == "rgb(0, 0, 0)"
        page.get_by_role("button", name="Take the tour").click()
        press(page, "Escape")  # closes the tour and leaves the mode on
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(pressed).to_be_visible()
        every_tab_fits(page)
        page.set_viewport_size({"width": 1920, "height": 1080})
        every_tab_fits(page)
        page.get_by_role("tab", name="Generation", exact=True).click()
        turn_dark(page)
        assert ink_of(page) == "rgb(255, 255, 255)"
        expect(pressed).to_be_visible()


def ink_of(page):
    return page.locator("#result .mw-sentence").evaluate("node => getComputedStyle(node).color")


def every_tab_fits(page):
    for tab, (shown, hidden) in ESSENTIALS.items():
        page.get_by_role("tab", name=tab, exact=True).click()
        for view in shown:
            expect(page.locator(view)).to_be_visible()
            assert page.locator(view).evaluate(CUT_OFF) == []
        for view in hidden:
            expect(page.locator(view)).to_have_count(1)
            expect(page.locator(view)).not_to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
