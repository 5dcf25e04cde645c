"""The page from which links are copied and files are saved."""

from contextlib import contextmanager

from tests.browser import expect, guarded_page

OPEN = {"viewport": {"width": 1280, "height": 1000}}


@contextmanager
def first_page(browser, url):
    """With a clipboard, once the stored example is there."""
    with guarded_page(browser, permissions=["clipboard-read", "clipboard-write"], **OPEN) as opened:
        opened.goto(url)
        expect(opened.locator("#status")).to_contain_text("A stored example")
        yield opened
