"""axe-core on every tab, light and dark, on a screen and on a phone: it finds nothing."""

from tests import axe
from tests.browser import expect, guarded_page, turn_dark

TABS = ("Generation", "Classification", "Compare", "What if", "Classroom")
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # all that the dark scheme changes
SELECTED = "document.querySelector('[role=tab][aria-selected=true]')?.textContent.trim()"
OPEN = """name => {
    const seen = (node) => node.getClientRects().length && node.textContent.trim() === name;
    const find = (selector) => [...document.querySelectorAll(selector)].find(seen);
    const tab = find('[role=tab]');
    if (tab) return tab.click();
    document.querySelector('.overflow-menu button').click();
    requestAnimationFrame(() => find('.overflow-dropdown button').click());
}"""


def test_axe_finds_nothing_in_any_tab_at_any_width_light_and_dark(browser, url):
    with guarded_page(browser, reduced_motion="reduce") as page:
        page.goto(url)
        expect(page.locator("#plot .main-svg").first).to_be_visible()
        found = faults_by_tab(page, "light")
        turn_dark(page)
        found += faults_by_tab(page, "dark", change=50, **OF_COLOURS)  # all was drawn before
    assert not found, "\n".join(map(str, found))


def faults_by_tab(page, theme, **settings):
    found = []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for tab in TABS:
            page.evaluate(OPEN, tab)
            page.wait_for_function(f"{SELECTED} === '{tab}'")
            found += axe.faults(page, theme, width, tab, **settings)
    return found
