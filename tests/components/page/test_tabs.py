"""The tab bar: every tab is one press away, however narrow the page."""

import pytest

from tests.browser import expect, guarded_page

TABS = {
    "Generation": "#prompt",
    "Classification": "#class-text",
    "Compare": "#compare-run",
    "What if": "#what-about",
    "Classroom": "#guess-start",
}


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_all_tabs_stand_in_the_bar(browser, url, width):
    with guarded_page(browser, viewport={"width": width, "height": 800}) as page:
        page.goto(url)
        for name, shown in TABS.items():
            page.get_by_role("tab", name=name, exact=True).click()
            expect(page.locator(shown)).to_be_visible(timeout=20_000)
        expect(page.get_by_label("More tabs").locator("visible=true")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
