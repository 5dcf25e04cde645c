"""Scripts and styles: served once, kept by browsers, behind a proxy too, and nothing else of assets/."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from components.page import scripts
from components.page.theme import head

COMPONENTS = Path(scripts.__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def client():
    return TestClient(FastAPI(routes=scripts.routes()))


def test_every_link_of_the_head_is_served_and_kept(client):
    links = re.findall(r'(?:href|src)="(maskwise/[^"]+)"', head())
    assert len(links) > 30
    for link in links:
        answer = client.get(f"/{link}")
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"].startswith(
            ("text/javascript", "application/javascript", "text/css")
        )


def test_below_a_path_that_a_proxy_takes_away(client):
    below = TestClient(FastAPI(routes=scripts.routes()), root_path="/app")
    for path in (f"/{scripts.ADDRESS}/page/view.js", f"/app/{scripts.ADDRESS}/page/view.js"):
        assert below.get(path).status_code == 200


def test_nothing_else_is_served(client):
    (weights,) = sorted(scripts.ASSETS.rglob("weights-1*.safetensors"))
    for path in (weights.relative_to(scripts.ASSETS), "examples/generation.json", "../app.py", "page"):
        assert client.get(f"/{scripts.ADDRESS}/{path}").status_code == 404


def test_the_address_changes_with_what_is_served(tmp_path, monkeypatch):
    monkeypatch.setattr(scripts, "ASSETS", tmp_path)
    seen = set()
    for text in ("one", "two"):
        (tmp_path / "view.js").write_text(text)
        seen.add(scripts.address())
    (tmp_path / "view.js").rename(tmp_path / "other.js")
    seen.add(scripts.address())
    (tmp_path / "weights.bin").write_text("three")
    seen.add(scripts.address())
    assert len(seen) == 3


def test_every_view_names_a_module_that_mounts():
    named = {
        name
        for path in COMPONENTS.rglob("*.py")
        for name in re.findall(r'\bview\("([\w/]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(named) > 15
    for name in named:
        text = (scripts.ASSETS / f"{name}.js").read_text(encoding="utf-8")
        assert "export const mount = " in text, name


def test_the_styles_of_the_page_come_first_and_projector_mode_last():
    styles = re.findall(r'stylesheet" href="maskwise/\w+/([^"]+)"', head())
    assert (styles[0], styles[-1]) == ("page/page.css", "page/projector.css") and len(styles) == len(
        set(styles)
    )
