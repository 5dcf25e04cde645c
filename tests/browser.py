"""Chromium for tests: a page that fails on any script error, console error or request to another machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT = 150_000  # milliseconds; a busy machine takes its time
expect.set_options(timeout=WAIT)
LOCAL = ("http://127.0.0.1", "https://127.0.0.1", "http://localhost", "ws://127.0.0.1", "data:", "blob:")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or the one that Playwright installed where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def serve(demo, **launch) -> Iterator[str]:
    """The address of a running `gr.Blocks`, closed at the end."""
    quiet = {"quiet": True, "ssr_mode": False, "run_history": False, "server_name": "127.0.0.1"}
    _, url, _ = demo.launch(prevent_thread_lock=True, **quiet, **launch)
    try:
        yield url
    finally:
        demo.close()


@contextmanager
def guarded_page(browser: Browser, **context) -> Iterator[Page]:
    """A page in a fresh context. At the end, and at each `check(page)`, problems seen fail the test."""
    opened = browser.new_context(**context)
    page = opened.new_page()
    page.set_default_timeout(WAIT)
    page.problems = []
    note = page.problems.append
    page.on("pageerror", lambda error: note(f"page error: {error}"))
    page.on("console", lambda m: m.type == "error" and note(f"console: {m.text} ({m.location.get('url')})"))
    page.on("dialog", lambda dialog: (note(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda r: r.url.startswith(LOCAL) or note(f"outside request: {r.url}"))
    try:
        yield page
        check(page)
    finally:
        opened.close()


def check(page: Page) -> None:
    problems, page.problems[:] = list(page.problems), []
    assert not problems, "\n".join(problems)


def choose(page: Page, field: str, name: str) -> None:
    """Pick an entry of a dropdown by its name."""
    page.locator(f"{field} input").first.click()
    page.get_by_role("option", name=name, exact=True).click()
