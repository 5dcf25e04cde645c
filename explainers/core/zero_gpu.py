"""ZeroGPU: a Space without a GPU of its own, which is lent one for a call, in a process of its own."""

from __future__ import annotations

import os

_here_is_one = False  # in this process


def on_zero_gpu() -> bool:
    """Whether this is such a Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def lend() -> None:
    """This process is one that has been lent a GPU."""
    global _here_is_one
    _here_is_one = True


def waits_for_gpu() -> bool:
    """Whether this process has no GPU because it lies with ZeroGPU; torch says there is one all the same."""
    return on_zero_gpu() and not _here_is_one
