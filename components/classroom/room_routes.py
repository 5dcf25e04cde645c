"""Addresses of a room: the page that students open, and what it and the teacher's view ask for.

A browser asks for what has changed, and is answered as soon as something has: so a change is seen at once,
and sixty phones cost a small machine little. Addresses are relative, so that they hold below a path.
"""

from __future__ import annotations

import json
from asyncio import sleep
from collections.abc import Awaitable, Callable
from functools import cache
from threading import Thread
from time import monotonic
from time import sleep as wait
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from components.classroom.limits import visitor_of
from components.classroom.rooms import RoomEnded, Rooms
from components.page.scripts import ADDRESS, ASSETS
from explainers.core.errors import MaskwiseError

PAGE = ASSETS / "classroom" / "room.html"
KEY = "maskwise-key"  # the header; an address would stand in logs
HOLD_SECONDS = 20.0  # proxies give up after 30 or more
LOOK_SECONDS = 0.2
SWEEP_SECONDS = 60.0
MOST_BYTES = 20_000

Handler = Callable[[Request], Awaitable[Response]]

ROOMS = Rooms()


@cache
def keep_sweeping() -> None:
    """End silent rooms once a minute, also where nobody asks for any more; a second call does nothing."""

    def sweep() -> None:
        while True:
            wait(SWEEP_SECONDS)
            ROOMS.sweep()

    Thread(target=sweep, daemon=True).start()


def room_routes() -> list[Route]:
    """For FastAPI's `routes`."""
    return [
        Route("/room", _page),
        Route("/rooms/state", _in_words(_state)),
        Route("/rooms/join", _in_words(_join), methods=["POST"]),
        Route("/rooms/marks", _in_words(_mark), methods=["POST"]),
        Route("/rooms/code", _in_words(_renew_code), methods=["POST"]),
        Route("/rooms/empty", _in_words(_empty), methods=["POST"]),
    ]


async def _page(request: Request) -> Response:
    text = PAGE.read_text(encoding="utf-8").replace("{address}", ADDRESS)
    return HTMLResponse(text, headers={"Cache-Control": "no-cache", "Referrer-Policy": "same-origin"})


async def _state(request: Request) -> Response:
    """Waits while `after` is the tag of what is shown already."""
    key, after = request.headers.get(KEY, ""), request.query_params.get("after", "")
    until = monotonic() + HOLD_SECONDS
    while (tag := ROOMS.tag(key)) == after:
        if monotonic() > until or await request.is_disconnected():
            return Response(status_code=204)
        await sleep(LOOK_SECONDS)
    return JSONResponse(ROOMS.state(key) | {"tag": tag})


async def _join(request: Request) -> Response:
    asked = await _body(request)
    code, name = (str(asked.get(field) or "") for field in ("code", "name"))
    host = request.client.host if request.client else ""
    return JSONResponse({"key": ROOMS.join(code, name, visitor_of(host), request.headers.get(KEY, ""))})


async def _mark(request: Request) -> Response:
    asked = await _body(request)
    ROOMS.mark(request.headers.get(KEY, ""), asked.get("marks", []))
    return JSONResponse({})


async def _renew_code(request: Request) -> Response:
    ROOMS.renew_code(request.headers.get(KEY, ""))
    return JSONResponse({})


async def _empty(request: Request) -> Response:
    ROOMS.empty(request.headers.get(KEY, ""))
    return JSONResponse({})


async def _body(request: Request) -> dict[str, Any]:
    """Raises MaskwiseError for what is no small JSON object."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise MaskwiseError("Too much was sent. Reload the page, then try again.")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise MaskwiseError("What was sent cannot be read. Reload the page, then try again.")
    return asked


def _in_words(handle: Handler) -> Handler:
    """With errors as {"error": a sentence}, and 410 for a key that opens nothing any more."""

    async def answer(request: Request) -> Response:
        try:
            response = await handle(request)
        except RoomEnded as ended:
            response = JSONResponse({"error": str(ended)}, 410)
        except MaskwiseError as error:
            response = JSONResponse({"error": str(error)}, 400)
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer
