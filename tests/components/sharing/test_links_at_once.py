"""A link on a slow server: its values are in place before Run can be pressed."""

import time

import pytest

from components.sharing import restore
from tests.browser import expect, guarded_page, leave_for


@pytest.fixture
def slow_server(monkeypatch):
    """The values of a link come two seconds after the page."""
    read = restore.read_link

    def slowly(query):
        time.sleep(2)
        return read(query)

    monkeypatch.setattr(restore, "read_link", slowly)


def test_run_pressed_at_once_runs_the_links_values(browser, url, slow_server):
    link = f"{url}?prompt=Only+these+five+words+here&k=1&method=feature_ablation"
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as page:
        page.goto(link)
        expect(page.locator("#run")).to_be_disabled()
        page.locator("#run").click()  # waits until it can be pressed, as the page does for the keys
        expect_its_values(page)
        leave_for(page, link)
        expect(page.locator("#run")).to_be_disabled()
        page.locator("#prompt textarea").press("Shift+Enter")
        expect_its_values(page)


def expect_its_values(page):
    expect(page.locator("#status")).to_contain_text("Feature ablation on tiny-llama")
    expect(page.locator("#strip .mw-strip")).to_contain_text("Only these five words here")


def test_a_link_that_cannot_be_read_leaves_the_page_usable(browser, url, monkeypatch):
    monkeypatch.setattr(restore, "read_link", lambda query: {}["no such thing"])
    with guarded_page(browser) as page:
        page.goto(url)
        expect(page.locator("#run")).to_be_enabled()
