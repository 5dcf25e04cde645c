"""axe-core on every tab, light and dark, on a screen and on a phone: it finds nothing."""

from pathlib import Path

import pytest

from tests.browser import expect, guarded_page

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
TABS = ("Generation", "Classification", "Compare", "What if", "Classroom")
# Faults of Gradio's own parts, which the page cannot mend: rule, and what the node's HTML holds.
GRADIOS = ()
RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
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
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(browser, url, theme, width):
    found = []
    with guarded_page(browser, viewport={"width": width, "height": 900}, reduced_motion="reduce") as page:
        page.goto(f"{url}?__theme={theme}")
        expect(page.locator("#plot .main-svg").first).to_be_visible()
        page.add_script_tag(path=AXE)
        for tab in TABS:
            page.evaluate(OPEN, tab)
            page.wait_for_function(f"{SELECTED} === '{tab}'")
            page.wait_for_timeout(400)  # the views of a tab are drawn when they are first seen
            found += [
                (tab, fault["id"], fault["target"], fault["html"][:160]) for fault in page.evaluate(RUN)
            ]
    ours = [
        fault for fault in found if not any(rule == fault[1] and part in fault[3] for rule, part in GRADIOS)
    ]
    assert not ours, "\n".join(map(str, ours))
