"""Addresses for whoever watches over the server: it answers, and its models are in memory."""

from __future__ import annotations

from threading import Event

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

READY = Event()  # the models that need no download are loaded


def _healthy(request: Request) -> Response:
    return PlainTextResponse("ok")


def _ready(request: Request) -> Response:
    return PlainTextResponse("ready") if READY.is_set() else PlainTextResponse("loading", status_code=503)


def health_routes() -> list[Route]:
    """For FastAPI's `routes`."""
    return [Route("/healthz", _healthy), Route("/readyz", _ready)]
