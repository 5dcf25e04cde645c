"""The teachers' sheet as a page."""

import re

from starlette.applications import Starlette
from starlette.testclient import TestClient

from components.classroom.lesson_page import SHEET, lesson_routes


def test_the_sheet_has_its_tables():
    page = TestClient(Starlette(routes=lesson_routes())).get("/lesson").text
    tables = re.findall(r"^\|[-:|]+\|$", SHEET.read_text(encoding="utf-8"), re.MULTILINE)
    assert page.count("<table>") == len(tables) > 0
    assert "|---" not in page
