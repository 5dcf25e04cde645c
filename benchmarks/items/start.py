"""From the command to the page, to the first token of a response, to the first step of a search."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.setting import Setting
from benchmarks.timing import shown, spread

NAME, TITLE = "start", "Start"
ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "captum", "sentence_transformers")
PROMPT = "Write a short story about the doctor and his patient for a magazine."
LIMIT = 120  # seconds
EVENTS = {"response": "first_token", "step": "first_step"}
LOAD = """
import sys, time
from explainers.models.held import load_model
from explainers.core.types import Task
import torch, transformers.models.llama.modeling_llama
started = time.perf_counter()
load_model(sys.argv[1], Task.GENERATION)
print(time.perf_counter() - started)
"""
IMPORTS = "import sys, app; app.build(); print(*(name for name in sys.argv[1:] if name in sys.modules))"


def measure(setting: Setting) -> dict:
    runs = [_start(setting.model) for _ in range(setting.repeat)]
    loads = [float(_python(LOAD, setting.model)) for _ in range(setting.repeat)]
    columns = {name: spread([run[name] for run in runs]) for name in runs[0]}
    return {**columns, "model_loaded": spread(loads), "heavy_imports": _python(IMPORTS, *HEAVY).split()}


def table(result: dict) -> list[str]:
    names = {
        "page_served": "page served",
        "first_token": "first token of a response, after Run on the page just served",
        "first_step": "first search step, after Run",
        "model_loaded": "built-in model loaded (libraries imported)",
    }
    lines = ["| | seconds, median (range) |", "|---|---:|"]
    lines += [f"| {title} | {shown(result[name])} |" for name, title in names.items()]
    heavy = ", ".join(result["heavy_imports"]) or "none"
    return [*lines, "", f"Heavy libraries imported before the first page: {heavy}."]


def _start(model: str) -> dict:
    with served(ROOT) as page:
        times = {"page_served": page.seconds}
        for seconds, event in events(page.url, LIMIT, PROMPT, model):
            if name := EVENTS.get(event["type"]):
                times.setdefault(name, seconds)
            if event["type"] == "step":
                break
    return times


@dataclass(frozen=True)
class Served:
    """url: of the page. seconds: from the command until it answered."""

    url: str
    seconds: float


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """`python app.py` in a folder of the project, at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"PORT": str(port), "PYTHONPATH": str(folder)}
    started = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/"
        yield Served(url, _wait(url, started))
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, started: float) -> float:
    """Seconds from `started` until the page is served."""
    while perf_counter() - started < LIMIT:
        try:
            urllib.request.urlopen(url, timeout=LIMIT).read()
            return perf_counter() - started
        except OSError:
            sleep(0.02)
    raise TimeoutError(f"{url} did not answer in {LIMIT} seconds")


def events(url: str, limit: float, *arguments, **settings) -> Iterator[tuple[float, dict]]:
    """What /explain_generation streams, each with its seconds from the call; cancelled after `limit`."""
    from gradio_client import Client

    client = Client(url, verbose=False)
    started = perf_counter()
    job = client.submit(*arguments, **settings, api_name="/explain_generation")
    seen, ended = 0, False
    while not ended and perf_counter() - started < limit:
        ended = job.done()  # before its outputs are read, so that the last ones are
        found = job.outputs()
        now = perf_counter() - started
        for event in found[seen:]:
            yield now, json.loads(event) if isinstance(event, str) else event
        seen = len(found)
        sleep(0.01)
    job.cancel()


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
