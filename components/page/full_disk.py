"""What the server says where a file that was sent finds no room."""

from __future__ import annotations

from errno import ENOSPC

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from explainers.core.errors import DISK_FULL


def disk_full(request: Request, error: Exception) -> Response:
    """For FastAPI's `exception_handlers` of OSError, of which any other is raised again."""
    if not isinstance(error, OSError) or error.errno != ENOSPC:
        raise error
    return PlainTextResponse(DISK_FULL, status_code=507)
