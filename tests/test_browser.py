"""Pages of one browser find nothing of each other, also where they share what is compiled."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests import browser as browsers
from tests.browser import chromium_of, expect, guarded_page

STORE = """async () => {
    localStorage.left = 'there';
    document.cookie = 'left=there';
    await new Promise((done) => { indexedDB.open('left').onsuccess = done; });
}"""
FOUND = """async () => [localStorage.left, document.cookie, (await indexedDB.databases()).length,
    (await navigator.permissions.query({name: 'clipboard-read'})).state, innerWidth,
    matchMedia('(prefers-color-scheme: dark)').matches]"""


@pytest.fixture
def address(tmp_path):
    """A page of this machine that may store something."""
    (tmp_path / "index.html").write_text("<link rel=icon href='data:,'>")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def found(page, address):
    page.goto(address)
    return page.evaluate(FOUND)


@pytest.mark.parametrize("kept", [True, False])
def test_a_page_finds_nothing_of_the_one_before_or_beside_it(playwright, address, tmp_path, kept):
    look = {
        "viewport": {"width": 390, "height": 800},
        "color_scheme": "dark",
        "permissions": ["clipboard-read"],
    }
    with chromium_of(playwright, tmp_path / "profile" if kept else None) as browser:
        with guarded_page(browser) as first:
            untouched = found(first, address)
        with guarded_page(browser, **look) as page:
            assert found(page, address)[3:] == ["granted", 390, True]
            page.evaluate(STORE)
            assert found(page, address)[:3] == ["there", "left=there", 1]
            page.context.new_page()  # as a link to a page of its own does
            with guarded_page(browser) as beside:
                assert found(beside, address) == untouched
        with guarded_page(browser) as after:
            assert found(after, address) == untouched
    assert untouched[:3] == [None, "", 0] and untouched[4:] == [1280, False]


def test_what_comes_late_is_waited_for_and_what_never_comes_is_said(browser, monkeypatch):
    monkeypatch.setattr(browsers, "LOOK", 50)
    with guarded_page(browser) as page:
        page.set_content("<p>early</p>")
        page.evaluate("setTimeout(() => document.querySelector('p').textContent = 'late', 500)")
        expect(page.locator("p")).to_have_text("late")
        expect(page.locator("p")).not_to_have_text("early")
        with pytest.raises(AssertionError, match="never"):
            expect(page.locator("p")).to_have_text("never", timeout=200)
