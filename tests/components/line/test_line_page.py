"""The line on the page: a place that is said, Stop while waiting, a click between a stranger's passes."""

from time import sleep

import pytest

from tests.browser import expect, guarded_page
from tests.served import held_up

LONG = "Write a long story about a doctor, his patient, a magazine, a book and the capital of France."


@pytest.fixture(scope="module")
def url(launched_url):
    with held_up(lambda: sleep(0.5)):
        yield launched_url


@pytest.fixture
def stranger(browser, url):
    """A page whose search is at work."""
    with guarded_page(browser) as page:
        page.goto(url)
        page.locator("#prompt textarea").fill(LONG)
        page.locator("#run").click()
        expect(page.locator("#status")).to_contain_text("Writing the answer")
        yield page


def test_a_run_waits_in_the_line_may_leave_it_and_finds_room_where_a_page_is_left(browser, url, stranger):
    with guarded_page(browser) as page:
        page.goto(url)
        page.locator("#run").click()
        expect(page.locator("#status")).to_contain_text("Waiting: 1 before you")
        page.locator("#stop").click()
        expect(page.locator("#status")).to_contain_text("Stopped")
        expect(page.locator("#prompt textarea")).not_to_have_value("")
        expect(stranger.locator("#status")).not_to_contain_text("Stopped")
        stranger.close()
        page.locator("#prompt textarea").fill("Two words")
        page.locator("#run").click()
        soon = 40_000  # the stranger's run would take twice as long
        expect(page.locator("#status")).to_contain_text("has only 2 words", timeout=soon)
