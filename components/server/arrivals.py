"""The order in which requests arrive. Gradio's queue shuffles what waits in it, so the handler of a click may
begin before that of an edit made before it."""

from __future__ import annotations

from itertools import count

import gradio as gr
from starlette.types import ASGIApp, Receive, Scope, Send


class Arrivals:
    """ASGI middleware that numbers requests as they arrive."""

    def __init__(self, app: ASGIApp):
        self.app, self._numbers = app, count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["arrival"] = next(self._numbers)
        await self.app(scope, receive, send)


def arrival(request: gr.Request) -> int:
    """The number of the request that a handler answers."""
    assert request.request  # an event of a page comes with one
    return request.request.scope["arrival"]
