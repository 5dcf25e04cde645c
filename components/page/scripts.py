"""Scripts and styles of assets/, served by the app itself under an address that changes with them."""

from __future__ import annotations

import hashlib
from html import escape
from importlib.metadata import version
from importlib.resources import files
from os.path import normpath
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

ASSETS = Path(__file__).resolve().parents[2] / "assets"
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}  # for a year
SERVED = (".js", ".css")
FIRST, LAST = Path("page/page.css"), Path("page/projector.css")  # the order of styles; the others lie between


def _files() -> list[Path]:
    paths = (path.relative_to(ASSETS) for path in ASSETS.rglob("*") if path.suffix in SERVED)
    return sorted(paths, key=lambda path: (path != FIRST, path == LAST, path))


def address() -> str:
    """Relative to the page's address, so that it holds behind a proxy and below a path. A new release has
    another one: browsers may keep what they have for good."""
    digest = hashlib.sha256()
    for path in _files():
        digest.update(str(path).encode() + (ASSETS / path).read_bytes())
    digest.update(version("plotly").encode())
    return f"maskwise/{digest.hexdigest()[:12]}"


ADDRESS = address()


class _Kept(StaticFiles):
    """Only scripts and styles; the browser keeps them."""

    def lookup_path(self, path: str):
        return super().lookup_path(path) if path.endswith(SERVED) else ("", None)

    def file_response(self, *args, **kwargs):
        response = super().file_response(*args, **kwargs)
        response.headers.update(KEPT)
        return response


def routes() -> list[Route]:
    """For FastAPI's `routes`. plotly.min.js comes with the package plotly."""
    kept = _Kept(directory=ASSETS)

    async def asset(request: Request) -> Response:
        """Not by a Mount, which finds nothing below a path that a proxy takes away."""
        return await kept.get_response(normpath(request.path_params["path"]), request.scope)

    return [Route(f"/{ADDRESS}/plotly.min.js", _plotly), Route(f"/{ADDRESS}/{{path:path}}", asset)]


def _plotly(_) -> FileResponse:
    script = files("plotly") / "package_data" / "plotly.min.js"
    return FileResponse(str(script), headers=KEPT)


def tags() -> str:
    """For the document's head: all styles, and all scripts to be fetched at once."""
    links = {".css": '<link rel="stylesheet" href="{}">', ".js": '<link rel="modulepreload" href="{}">'}
    own = (links[path.suffix].format(escape(f"{ADDRESS}/{path.as_posix()}")) for path in _files())
    return "".join((*own, _states()))


def _states() -> str:
    """The script of Gradio's page that page/states.js mends, where this Gradio has it."""
    scripts = Path(str(files("gradio"))).glob("templates/frontend/assets/statustracker-*.js")
    link = '<link rel="modulepreload" id="mw-states" href="./assets/{}">'
    return "".join(link.format(script.name) for script in scripts)


def mounting(name: str) -> str:
    """The script of a gr.HTML that hands itself to the module assets/{name}.js."""
    view = f'new URL("{ADDRESS}/page/view.js", document.baseURI)'
    return f'import({view}).then(({{mountView}}) => mountView("{name}", element, props, trigger, watch))'
