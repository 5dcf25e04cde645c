"""axe-core on every tab, light and dark, on a screen and on a phone: it finds nothing."""

from pathlib import Path

import pytest

from tests.browser import expect, guarded_page, turn_dark

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
TABS = ("Generation", "Classification", "Compare", "What if", "Classroom")
# Faults of Gradio's own parts, which the page cannot mend: rule, and what the node's HTML holds.
GRADIOS = ()
OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}  # all that the dark scheme changes
RUN = """async (more) => (await axe.run(document, {resultTypes: ['violations'], ...more})).violations
    .flatMap(({id, nodes}) => nodes.map(({html, target}) => ({id, html, target: target.join(' ')})))"""
SELECTED = "document.querySelector('[role=tab][aria-selected=true]')?.textContent.trim()"
OPEN = """name => {
    const seen = (node) => node.getClientRects().length && node.textContent.trim() === name;
    const find = (selector) => [...document.querySelectorAll(selector)].find(seen);
    const tab = find('[role=tab]');
    if (tab) return tab.click();
    document.querySelector('.overflow-menu button').click();
    requestAnimationFrame(() => find('.overflow-dropdown button').click());
}"""


@pytest.mark.skipif(not AXE.exists(), reason="npm ci installs axe-core")
def test_axe_finds_nothing_in_any_tab_at_any_width_light_and_dark(browser, url):
    with guarded_page(browser, reduced_motion="reduce") as page:
        page.goto(url)
        expect(page.locator("#plot .main-svg").first).to_be_visible()
        page.add_script_tag(path=AXE)
        found = faults(page, "light", {}, seen=False)
        turn_dark(page)
        found += faults(page, "dark", OF_COLOURS, seen=True)
    assert not found, "\n".join(map(str, found))


def faults(page, theme, rules, seen):
    """seen: whether each tab was shown at each width before."""
    found = []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for tab in TABS:
            page.evaluate(OPEN, tab)
            page.wait_for_function(f"{SELECTED} === '{tab}'")
            page.wait_for_timeout(
                50 if seen else 400
            )  # the views of a tab are drawn when they are first seen
            found += [
                (theme, width, tab, fault["id"], fault["target"], fault["html"][:160])
                for fault in page.evaluate(RUN, rules)
                if not any(rule == fault["id"] and part in fault["html"] for rule, part in GRADIOS)
            ]
    return found
