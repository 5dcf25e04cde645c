"""A section of the What-if tab, as its browser tests read it."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from tests.browser import expect


@dataclass(frozen=True)
class SectionOnPage:
    """prefix: what the section's ids begin with."""

    prefix: str

    def words(self, page: Page) -> Locator:
        return page.locator(f"#{self.prefix}-strip .mw-strip [data-index]")

    def removed(self, page: Page) -> Locator:
        return page.locator(f"#{self.prefix}-strip .mw-strip [data-removed]")

    def says(self, page: Page, text: str) -> None:
        """Wait until the status line does."""
        expect(page.locator(f"#{self.prefix}-status")).to_contain_text(text)
