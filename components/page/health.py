"""Addresses for whoever watches over the server: it answers, and its models are in memory. And what it says
of a full disk."""

from __future__ import annotations

from errno import ENOSPC
from threading import Event

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from explainers.core.errors import DISK_FULL

READY = Event()  # the models that need no download are loaded


def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok")


def _ready(request: Request) -> Response:
    return PlainTextResponse("ready") if READY.is_set() else PlainTextResponse("loading", status_code=503)


def health_routes() -> list[Route]:
    """For FastAPI's `routes`."""
    return [Route("/healthz", _healthy), Route("/readyz", _ready)]


def disk_full(request: Request, error: Exception) -> Response:
    """For FastAPI's `exception_handlers` of OSError: words where a file that was sent finds no room."""
    if not isinstance(error, OSError) or error.errno != ENOSPC:
        raise error
    return PlainTextResponse(DISK_FULL, status_code=507)
