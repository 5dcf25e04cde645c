"""Where the process takes memory from, and gives it back to: glibc's allocator."""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_ARENA_MAX = -8  # as malloc.h has it
ARENAS = 2


def limit_arenas() -> None:
    """Let all threads share two arenas. glibc gives eight for each core, and each keeps what the largest pass
    of a run took there, since every run has a thread of its own. Call it before there are threads; where the
    C library is another one, nothing happens."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Give back what nothing holds any more. glibc keeps a largest pass's memory for the next one as large,
    which may never come, so that a server grows for hours. It takes some three milliseconds."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
