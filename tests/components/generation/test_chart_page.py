"""A chart on the page: zoom, pictures, the mode bar by keyboard, also while it is drawn anew."""

import pytest

from tests.browser import expect, guarded_page

RANGE = "document.querySelector('#plot .mw-plot').layout.xaxis.range.map((end) => Math.round(end))"
NOTE_DRAWING = """() => {
  window.drawn = 0;
  document.querySelector('#plot .mw-plot').on('plotly_afterplot', () => { window.drawn += 1; });
}"""
DRAWN_AGAIN = "document.documentElement.classList.toggle('mw-drawn-again')"


@pytest.fixture(scope="module")
def page(browser, url):
    """For all tests: each leaves it as it was."""
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as opened:
        opened.goto(url)
        expect(opened.locator("#plot .cap")).to_contain_text("iteration 100 of 100")
        expect(opened.locator("#plot .modebar-btn")).to_have_count(5)
        yield opened


def test_a_zoom_shows_a_part_and_goes_back(page):
    whole = page.evaluate(RANGE)
    box = page.locator("#plot .nsewdrag").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.25 * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], middle, steps=5)
    page.mouse.up()
    page.wait_for_function(f"({RANGE}).join() !== '{','.join(map(str, whole))}'")
    low, high = page.evaluate(RANGE)
    assert whole[0] < low < high < whole[1]
    page.evaluate(DRAWN_AGAIN)
    page.locator("#plot .mw-plot").scroll_into_view_if_needed()
    assert page.evaluate(RANGE) == [low, high]
    page.locator("#plot .modebar-btn[data-title='Reset axes']").click()
    page.wait_for_function(f"({RANGE}).join() === '{','.join(map(str, whole))}'")


@pytest.mark.parametrize(("kind", "begins"), [("PNG", b"\x89PNG"), ("SVG", b"<svg")])
def test_a_picture_is_saved_by_keyboard_alone(page, kind, begins):
    button = page.locator(f"#plot .modebar-btn[data-title='Save as {kind}']")
    button.focus()
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    with open(waiting.value.path(), "rb") as file:
        assert file.read(len(begins)) == begins


def test_the_mode_bar_keeps_the_focus_while_the_chart_is_drawn_anew(page):
    button = page.locator("#plot .modebar-btn[data-title='Save as SVG']")
    button.focus()
    for width in (1100, 1280):
        page.evaluate(NOTE_DRAWING)
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_function("window.drawn > 0")
        expect(button).to_be_focused()
