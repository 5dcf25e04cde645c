"""The teachers' sheet as a page to print, made of docs/lesson.md."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from components.page.scripts import ADDRESS, ASSETS

SHEET = Path(__file__).resolve().parents[2] / "docs" / "lesson.md"


def lesson_routes() -> list[Route]:
    """For FastAPI's `routes`."""
    return [Route("/lesson", _lesson)]


def _lesson(request: Request) -> HTMLResponse:
    from markdown_it import MarkdownIt  # the page is served sooner without

    page = (ASSETS / "classroom" / "lesson.html").read_text(encoding="utf-8")
    text = MarkdownIt().enable("table").render(SHEET.read_text(encoding="utf-8"))
    return HTMLResponse(page.replace("{address}", ADDRESS).replace("{text}", text))
