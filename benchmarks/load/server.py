"""The app as `python app.py` serves it, on loopback alone, and what its process takes."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

ROOT = Path(__file__).parents[2]
START_SECONDS = 180
JOB = re.compile(r"job kind=(\S+) model=\S* spans=\d+ passes=(\d+) seconds=\S+ waited=\S+ outcome=(\w+)")


@dataclass(frozen=True)
class Usage:
    """Of the server's process: seconds since its start, resident memory, open descriptors, threads, and files
    that Gradio keeps for its pages."""

    seconds: float
    megabytes: float
    descriptors: int
    threads: int
    files: int


@dataclass(frozen=True)
class JobLine:
    """A line of the server's log. passes: 0 where the job was answered from the store of results."""

    kind: str
    passes: int
    outcome: str


class Server:
    """A running app. folder: for its log and temporary files."""

    def __init__(self, url: str, process: subprocess.Popen, folder: Path):
        self.url, self._folder, self._started = url, folder, monotonic()
        self._process = psutil.Process(process.pid)

    def usage(self) -> Usage:
        with self._process.oneshot():
            memory, threads = self._process.memory_info().rss / 1e6, self._process.num_threads()
        files = sum(path.is_file() for path in (self._folder / "files").rglob("*"))
        return Usage(monotonic() - self._started, memory, self._process.num_fds(), threads, files)

    def jobs(self) -> list[JobLine]:
        text = (self._folder / "log").read_text(encoding="utf-8")
        return [JobLine(kind, int(passes), outcome) for kind, passes, outcome in JOB.findall(text)]

    def tracebacks(self) -> int:
        """How many errors nobody foresaw."""
        return (self._folder / "log").read_text(encoding="utf-8").count("Traceback (most recent call last)")

    def answers(self, path: str) -> bool:
        """Whether that address answers 200."""
        try:
            return urllib.request.urlopen(f"{self.url}{path}", timeout=10).status == 200
        except OSError:
            return False


@contextmanager
def serving(**environment: str) -> Iterator[Server]:
    """The app in a process of its own, its default models in memory."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="maskwise-load-") as folder:
        own = {"PORT": str(port), "HOST": "127.0.0.1", "HF_HUB_OFFLINE": "1"}
        own["GRADIO_TEMP_DIR"] = f"{folder}/files"
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=os.environ | own | environment,
                stdout=log,
                stderr=log,
            )
        server = Server(f"http://127.0.0.1:{port}/", process, Path(folder))
        try:
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            process.wait(60)


def _wait(server: Server, process: subprocess.Popen) -> None:
    until = monotonic() + START_SECONDS
    while not server.answers("readyz"):
        if process.poll() is not None or monotonic() > until:
            raise RuntimeError("The app did not start.")
        sleep(0.2)
