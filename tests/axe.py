"""axe-core on a page in Chromium: which of its rules of accessibility the page breaks."""

from pathlib import Path

from playwright.sync_api import Page

FILE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async (more) => (await axe.run(document, {resultTypes: ['violations'], ...more})).violations
    .flatMap(({id, nodes}) => nodes.map(({html, target}) => ({id, html, target: target.join(' ')})))"""
CHANGE = 400  # milliseconds; colours change within 150, and a tab's views are drawn when it is first seen


def faults(page: Page, *where: object, change: int = CHANGE, **rules) -> list[tuple]:
    """Where, rule, node and its HTML of each. change: milliseconds until the page is as it stays."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=FILE)  # npm ci installs it
    page.wait_for_timeout(change)
    found = page.evaluate(RUN, rules)
    return [(*where, *(fault[part][:160] for part in ("id", "target", "html"))) for fault in found]
