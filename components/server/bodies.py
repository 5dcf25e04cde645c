"""How much may be sent to the server, and how much of files it keeps, each for an hour."""

from __future__ import annotations

import time
from pathlib import Path
from stat import S_ISDIR

from anyio import to_thread
from gradio.utils import get_upload_folder
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.server.errors import said
from explainers.core.deployment import deployment

ADDRESS = "/gradio_api/upload"
KEPT_SECONDS = 3600  # of files that were sent, and of those that are made to be saved
MOST_FILES = 1000
MOST_LARGEST = 100  # files of the largest size
MOST_ARRIVING = 8  # at once
MOST_BYTES = 10_000_000  # of all that is no file; results to Load have 2 MB
MOST_DRAINED = 100_000_000  # bytes of what is refused
OF_A_FORM = 10_000  # bytes around a file
FULL = (
    "The server holds as many files as it may, each for an hour. Please try again later, or type the text in."
)
TOO_MUCH = "Too much was sent at once: 10 MB is the most."
BUSY = "Many files arrive here just now. Please try again."
BROKEN_OFF = "The file did not arrive whole. Please try again."


def largest() -> int:
    """Bytes of one file."""
    return int(deployment().upload_mb * 1e6)


class BoundedBodies:
    """ASGI middleware: what is too large is refused in words before it is read, and files also where all
    together would be too much.

    Gradio bounds each file alone, and leaves on the disk those of a form that breaks off or is not as it
    should be. It reads all else whole into memory.
    """

    def __init__(self, app: ASGIApp):
        self.app, self.arriving = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        is_file = scope["path"].endswith(ADDRESS)
        if refused := await self._refusal(Request(scope), is_file):
            await drain(receive)
            answer = PlainTextResponse if is_file else said  # Gradio's page shows all that an upload is told
            return await answer(*refused)(scope, receive, send)
        if not is_file:
            return await self.app(scope, bounded(receive), send)
        self.arriving += 1
        try:
            await self.app(scope, bounded_form(receive), send)
        finally:
            self.arriving -= 1

    async def _refusal(self, request: Request, is_file: bool) -> tuple[str, int] | None:
        """Words and status."""
        length = request.headers.get("content-length", "0")
        size = int(length[:20]) if length.isdecimal() else 0
        if not is_file:
            return (TOO_MUCH, 413) if size > MOST_BYTES else None
        if size > largest() + OF_A_FORM:
            return too_large(), 413
        if self.arriving >= MOST_ARRIVING:
            return BUSY, 429
        files, size = await to_thread.run_sync(kept, get_upload_folder())
        if files >= MOST_FILES or size + (self.arriving + 1) * largest() > MOST_LARGEST * largest():
            return FULL, 429
        return None


def too_large() -> str:
    return f"The file is too large: {deployment().upload_mb:g} MB is the maximum allowed size here."


async def drain(receive: Receive, last: Message | None = None) -> None:
    """Let the rest arrive, and keep nothing of it: who still sends hears no answer. last: what has come."""
    drained, more = 0, last is None or last.get("more_body", False)
    while more and drained < MOST_DRAINED:
        message = await receive()
        drained, more = drained + len(message.get("body", b"")), message.get("more_body", False)


def bounded(receive: Receive) -> Receive:
    """What arrives, until it is too much."""
    arrived = 0

    async def next_part() -> Message:
        nonlocal arrived
        message = await receive()
        arrived += len(message.get("body", b""))
        if arrived > MOST_BYTES:
            await drain(receive, message)
            raise HTTPException(413, TOO_MUCH)
        return message

    return next_part


def bounded_form(receive: Receive) -> Receive:
    """What arrives of a form with files. One that is too large or breaks off ends as a form that cannot be
    read: then Gradio removes what there is of its files."""
    arrived, whole = 0, False

    async def next_part() -> Message:
        nonlocal arrived, whole
        message = await receive()
        if message["type"] == "http.disconnect" and not whole:
            raise MultiPartException(BROKEN_OFF)
        arrived, whole = arrived + len(message.get("body", b"")), not message.get("more_body", False)
        if arrived > largest() + OF_A_FORM:
            await drain(receive, message)
            raise MultiPartException(too_large())
        return message

    return next_part


def kept(folder: str) -> tuple[int, int]:
    """How many files there are, and their bytes, once what is older than an hour is removed."""
    sizes = []
    old = time.time() - KEPT_SECONDS
    for path in sorted(Path(folder).rglob("*"), reverse=True):  # what a folder holds comes before it
        try:
            found = path.lstat()
            if S_ISDIR(found.st_mode):
                if found.st_ctime < old:
                    path.rmdir()
            elif found.st_ctime < old:
                path.unlink()
            else:
                sizes.append(found.st_size)
        except OSError:
            continue  # a folder with files; a file that was moved or removed just now
    return len(sizes), sum(sizes)
