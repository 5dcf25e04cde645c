"""A reload in the middle of a run finds it again, and after its end its result."""

from threading import Event

import pytest

from tests.browser import choose, expect, guarded_page, leave_for
from tests.served import held_up

PROMPT = "Write a long story about a doctor, his patient, a magazine and a book."
SECONDS = {"timeout": 90_000}


@pytest.fixture(scope="module")
def goes_on():
    """Until it is set, no pass through the model begins."""
    return Event()


@pytest.fixture(scope="module")
def url(launched_url, goes_on):
    with held_up(goes_on.wait):
        try:
            yield launched_url
        finally:
            goes_on.set()


def test_a_reload_in_the_middle_of_a_run_finds_it_again(browser, url, goes_on):
    with guarded_page(browser) as page:
        page.goto(url)
        page.locator("#prompt textarea").fill(PROMPT)
        choose(page, "#method", "Feature ablation")
        page.locator("#run").click()
        expect(page.locator("#status")).to_contain_text("Writing the answer", **SECONDS)
        address = page.url
        assert "run=" in address
        leave_for(page, address)
        expect(page.locator("#prompt textarea")).to_have_value(PROMPT, **SECONDS)
        expect(page.locator("#method input")).to_have_value("Feature ablation", **SECONDS)
        expect(page.locator("#status")).to_contain_text("Writing the answer", **SECONDS)
        assert page.url == address
        with guarded_page(browser) as second_device:
            second_device.goto(address)
            expect(second_device.locator("#status")).to_contain_text("Writing the answer", **SECONDS)
        goes_on.set()
        expect(page.locator("#status")).to_contain_text("Feature ablation on", **SECONDS)
        leave_for(page, address)
        expect(page.locator("#status")).to_contain_text("Feature ablation on", **SECONDS)
        expect(page.locator("#prompt textarea")).to_have_value(PROMPT)
        _type_and_reload(page)


def _type_and_reload(page):
    """As Gradio does by itself once the server is there again: nothing that was typed is lost."""
    page.locator("#prompt textarea").fill("Another prompt")
    page.get_by_role("tab", name="Classification").click()
    page.locator("#class-text textarea").fill("A text")
    page.reload()
    expect(page.locator("#status")).to_contain_text("Feature ablation on", **SECONDS)
    expect(page.locator("#prompt textarea")).to_have_value("Another prompt", **SECONDS)
    page.get_by_role("tab", name="Classification").click()
    expect(page.locator("#class-text textarea")).to_have_value("A text", **SECONDS)
    _lose_the_network(page)
    page.problems.clear()  # Gradio's, of the page that was left: its connection has ended


def _lose_the_network(page):
    """The page says so, and what it shows stays."""
    page.get_by_role("tab", name="Generation").click()
    page.context.set_offline(True)
    expect(page.locator("#status")).to_contain_text("The server cannot be reached", **SECONDS)
    page.context.set_offline(False)
    expect(page.locator("#status")).to_contain_text("Feature ablation on", **SECONDS)
    expect(page.locator("#prompt textarea")).to_have_value("Another prompt", **SECONDS)


def test_a_run_that_is_not_kept_is_said(browser, url):
    with guarded_page(browser) as page:
        page.goto(f"{url}?run=guessed")
        expect(page.locator("#status")).to_contain_text("no longer kept", **SECONDS)
        expect(page.locator("#run")).to_be_enabled()
