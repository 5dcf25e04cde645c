"""What the server says where Gradio would end in a bare error."""

from __future__ import annotations

from errno import ENOSPC

from gradio.route_utils import FnIndexInferError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explainers.core.errors import DISK_FULL

NO_FUNCTION = "There is no such function here. What there is stands at gradio_api/info."


def _disk_full(request: Request, error: Exception) -> Response:
    """A file that was sent finds no room."""
    if not isinstance(error, OSError) or error.errno != ENOSPC:
        raise error
    return PlainTextResponse(DISK_FULL, status_code=507)


def _no_name(request: Request, error: Exception) -> Response:
    """A function was called by a name that none has."""
    return PlainTextResponse(NO_FUNCTION, status_code=404)


def _no_number(request: Request, error: Exception) -> Response:
    """A function was called by a number that none has: Gradio looks it up among its functions."""
    if "/gradio_api/" not in request.url.path or not isinstance(error.args[0], int):
        raise error
    return PlainTextResponse(NO_FUNCTION, status_code=404)


# For FastAPI's `exception_handlers`; any other error of these types is raised again.
HANDLERS = {OSError: _disk_full, FnIndexInferError: _no_name, KeyError: _no_number}
