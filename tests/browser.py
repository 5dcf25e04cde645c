"""Chromium for tests: a page that fails on any script error, console error or request to another machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, sync_playwright
from playwright.sync_api import expect as expect_within

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT = 150_000  # milliseconds; a busy machine takes its time
expect_within.set_options(timeout=WAIT)
LOOK = 2_000  # milliseconds; asked to wait for longer, Playwright looks twice a second in place of ten times
OF_A_PAGE = {"viewport", "permissions", "color_scheme", "reduced_motion"}  # what need not be set of a context
# What a page may leave in a profile. Scripts as they were compiled stay: they are what the profile is for.
STORED = "cookies,local_storage,indexeddb,service_workers,cache_storage"
LOCAL = ("http://127.0.0.1", "https://127.0.0.1", "http://localhost", "ws://127.0.0.1", "data:", "blob:")


def expect(actual: Page | Locator) -> Expected:
    """As Playwright's: `expect(locator).to_have_text("…")`."""
    return Expected(expect_within(actual))


class Expected:
    """Playwright's assertions, each tried anew until it holds, ten times a second."""

    def __init__(self, assertions):
        self._assertions = assertions

    def __getattr__(self, name: str):
        look = getattr(self._assertions, name)

        def wait(*expected, timeout: float = WAIT, **how) -> None:
            end = monotonic() + timeout / 1000
            while True:
                try:
                    return look(*expected, timeout=min(LOOK, timeout), **how)
                except AssertionError:
                    if monotonic() >= end:
                        raise

        return wait


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium where no other is open in this thread."""
    with sync_playwright() as playwright, chromium_of(playwright) as browser:
        yield browser


@contextmanager
def chromium_of(playwright: Playwright, profile: Path | None = None) -> Iterator[Browser]:
    """The system's Chromium, or the one that Playwright installed where there is none.

    profile: a folder. Pages then share what Chromium keeps there of scripts it has compiled, and open in two
    thirds of the processor time.
    """
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if profile is None:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
    else:
        kept = playwright.chromium.launch_persistent_context(profile, executable_path=path, args=FLAGS)
        browser = kept.browser
        browser.kept = kept
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
    with fresh_page(browser, context) as page:
        page.set_default_timeout(WAIT)
        page.problems = []
        note = page.problems.append
        page.on("pageerror", lambda error: note(f"page error: {error}"))
        page.on(
            "console", lambda m: m.type == "error" and note(f"console: {m.text} ({m.location.get('url')})")
        )
        page.on("dialog", lambda dialog: (note(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda r: r.url.startswith(LOCAL) or note(f"outside request: {r.url}"))
        yield page
        check(page)


def fresh_page(browser: Browser, context: dict) -> AbstractContextManager[Page]:
    """A page that finds nothing of another: in the profile if it is free and can look so, or in a context."""
    kept = getattr(browser, "kept", None)
    if kept and len(kept.pages) == 1 and context.keys() <= OF_A_PAGE:
        return page_in_profile(kept, **context)
    return page_in_context(browser, context)


@contextmanager
def page_in_context(browser: Browser, context: dict) -> Iterator[Page]:
    opened = browser.new_context(**context)
    try:
        yield opened.new_page()
    finally:
        opened.close()


@contextmanager
def page_in_profile(kept: BrowserContext, viewport=None, permissions=(), **media) -> Iterator[Page]:
    """Beside the blank page that holds the profile open. What it stored goes with it."""
    (blank,) = kept.pages
    page = kept.new_page()
    if viewport:
        page.set_viewport_size(viewport)
    if permissions:
        kept.grant_permissions(permissions)
    page.emulate_media(**media)
    try:
        yield page
    finally:
        for opened in kept.pages:
            if opened != blank:
                opened.close()
        kept.clear_permissions()
        storage = kept.new_cdp_session(blank)
        storage.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": STORED})
        storage.detach()


def check(page: Page) -> None:
    problems, page.problems[:] = list(page.problems), []
    assert not problems, "\n".join(problems)


def leave_for(page: Page, address: str) -> None:
    """Go on at another address, or at the same. What Gradio says of the connections that this ends is no
    fault of the page."""
    check(page)
    page.goto(address)
    page.problems.clear()


def turn_dark(page: Page) -> None:
    """As the system's setting does while the page is open."""
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body.dark")).to_have_count(1)


def choose(page: Page, field: str, name: str) -> None:
    """Pick an entry of a dropdown by its name."""
    page.locator(f"{field} input").first.click()
    page.get_by_role("option", name=name, exact=True).click()


def unfold(page: Page, name: str, place: int = 0) -> None:
    """Open a fold. Gradio fills its fields with their first values once more a frame after they are seen, and
    what is written before that is lost."""
    page.get_by_role("button", name=name).nth(place).click()
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
