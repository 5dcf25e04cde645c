"""What the server says where Gradio would end in a bare error, and addresses of Gradio's that are closed."""

from __future__ import annotations

from errno import ENAMETOOLONG, ENOSPC

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.route_utils import FnIndexInferError
from httpx import InvalidURL
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explainers.core.errors import DISK_FULL, unexpected

NO_FUNCTION = "There is no such function here. What there is stands at gradio_api/info."
NOTHING = "There is nothing at this address."
NOT_READ = "What was sent cannot be read here. Reload the page, then try again."
LONGEST = 300  # characters of a message
# Not needed here: recordings that are cut, streams of sound and pictures, pages of others, copies of a page.
CLOSED = ("process_recording", "stream/{rest:path}", "proxy={rest:path}", "deep_link")


def closed_routes() -> list[Route]:
    """For FastAPI's `routes`; they come before Gradio's own."""
    return [Route(f"/gradio_api/{path}", _nothing, methods=["GET", "POST"]) for path in CLOSED]


def said(words: str, status: int) -> Response:
    """As FastAPI writes its own errors."""
    return JSONResponse({"detail": words[:LONGEST]}, status)


def _nothing(request: Request) -> Response:
    return said(NOTHING, 404)


def _of_system(request: Request, error: Exception) -> Response:
    """A file that was sent finds no room, or one is asked for whose name no file can have."""
    number = error.errno if isinstance(error, OSError) else None
    if number == ENOSPC:
        return said(DISK_FULL, 507)
    if number == ENAMETOOLONG:
        return _nothing(request)
    raise error


def _no_name(request: Request, error: Exception) -> Response:
    """A function was called by a name that none has."""
    return said(NO_FUNCTION, 404)


def _no_key(request: Request, error: Exception) -> Response:
    """A function or a page that is not there: Gradio looks both up by what was sent."""
    if "page" in request.query_params:
        return _nothing(request)
    if "/gradio_api/" in request.url.path:
        return said(NO_FUNCTION, 404)
    raise error


def _wrong_form(request: Request, error: Exception) -> Response:
    """FastAPI would send all of it back."""
    found = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": ""}
    return said(f"{NOT_READ} ({'.'.join(map(str, found['loc']))}: {found['msg']})", 422)


def _wrong_text(request: Request, error: Exception) -> Response:
    """Half a character, or an address that is none."""
    return said(NOT_READ, 422)


def _wrong_names(request: Request, error: Exception) -> Response:
    """A call by names lacks one, or has one too many: Gradio says which."""
    if "/gradio_api/call/v2/" not in request.url.path:
        raise error
    return said(f"{NOT_READ} ({error})", 422)


def _refused(request: Request, error: Exception) -> Response:
    """A refusal of Gradio's, without all that was sent; a number of more digits than Python reads."""
    if not isinstance(error, HTTPException):
        raise error
    unread = error.status_code == 400 and isinstance(error.__cause__, ValueError | RecursionError)
    return said(NOT_READ if unread else str(error.detail), error.status_code)


def _gone(request: Request, error: Exception) -> Response:
    """Whoever asked has left before the end of the question."""
    return Response(status_code=400)


def _unforeseen(request: Request, error: Exception) -> Response:
    """The log has it as well."""
    return said(unexpected(error), 500)


# For FastAPI's `exception_handlers`; what a handler raises again goes to the last one.
HANDLERS = {
    OSError: _of_system,
    FnIndexInferError: _no_name,
    KeyError: _no_key,
    RequestValidationError: _wrong_form,
    UnicodeError: _wrong_text,
    InvalidURL: _wrong_text,
    TypeError: _wrong_names,
    HTTPException: _refused,
    ClientDisconnect: _gone,
    Exception: _unforeseen,
}


def mark_refused(asked: gr.Request | list[gr.Request] | None) -> None:
    """The event that came with this request was refused in words."""
    for each in asked if isinstance(asked, list) else [asked]:
        if each and isinstance(each.request, Request):
            each.request.state.refused = True


class RefusalsAreNoFailures:
    """ASGI middleware: status 400 of what was refused in words. Gradio answers 500 of every error."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope.setdefault("state", {})

        async def say(message: Message) -> None:
            if message.get("status") == 500 and state.get("refused"):
                message["status"] = 400
            await send(message)

        await self.app(scope, receive, say)
