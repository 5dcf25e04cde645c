"""Errors whose message is written for the person at the page."""

import re
from errno import ENOSPC

DISK_FULL = "The server's disk is full. Your text is kept; please try again once there is room."


class MaskwiseError(ValueError):
    """Something the person can mend: the message says what is wrong and what to do."""


class OutOfMemory(MaskwiseError):
    """Memory does not hold even a single sequence."""


def unexpected(error: Exception) -> str:
    """What the person is told of an error that nobody foresaw; its own message may hold a text or a path."""
    if "out of memory" in str(error).lower() or isinstance(error, MemoryError):
        return "Out of memory. Choose a smaller model, a shorter prompt or fewer new tokens."
    if isinstance(error, OSError) and error.errno == ENOSPC:
        return DISK_FULL
    return (
        f"Something went wrong ({type(error).__name__}). Your text is kept; please try again. "
        "The server's log says where it happened."
    )


LONGEST_SHOWN = 60  # characters of a value within a message


def shown(value: object) -> str:
    """A value as a message shows it, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of that many digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


_FOLDERS = re.compile(r"(?<![\w/:])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":,;()]+)*[/\\](?=[^\s/\\])")
_TOKENS = re.compile(r"\b(?:hf_|Bearer )\w{8,}")


def for_the_page(message: str) -> str:
    """Another library's message without the folders of paths, and without tokens."""
    return _TOKENS.sub("…", _FOLDERS.sub("", message))


class Stopped(Exception):
    """Raised inside `on_forward` to end a run: somebody pressed Stop, left, or time ran out."""
