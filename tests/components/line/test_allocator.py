"""The memory of runs: their threads share two arenas, and what nothing holds any more is given back."""

import platform
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from components.line.allocator import give_back

PIECE, PIECES = 60_000, 2_000  # bytes: small enough to come from the heap
GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
ALLOCATING = """
import ctypes, sys, threading
from components.line.allocator import limit_arenas
if sys.argv[1] == "limited":
    limit_arenas()
libc, barrier = ctypes.CDLL(None), threading.Barrier(6)
libc.malloc.restype = ctypes.c_void_p
def allocate():
    for _ in range(100):
        libc.malloc(ctypes.c_size_t(1000))
    barrier.wait()
threads = [threading.Thread(target=allocate) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_stats()
"""


def arenas(limited: str) -> int:
    command = [sys.executable, "-c", ALLOCATING, limited]
    run = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    return run.stderr.count("Arena")


@GLIBC
def test_threads_share_two_arenas():
    assert arenas("limited") <= 2 < arenas("as it is")


@GLIBC
def test_what_nothing_holds_is_given_back():
    resident = psutil.Process().memory_info
    pieces = [b"x" * PIECE for _ in range(PIECES)]
    del pieces[1::2]  # the last ones stay, and the heap cannot shrink from its end
    held = resident().rss
    give_back()
    assert held - resident().rss > PIECE * PIECES / 4
    assert len(pieces) == PIECES / 2
