"""From the command to the page, to the first token of a response, to the first step of a search."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.setting import Setting, shown, spread

NAME, TITLE = "start", "Start"
ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "transformers", "captum", "sentence_transformers")
PROMPT = "Write a short story about the doctor and his patient for a magazine."
LIMIT = 120  # seconds
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
    from gradio_client import Client

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = perf_counter()
    with _serving(port) as url:
        times = {"page_served": _wait(url, started)}
        client = Client(url, verbose=False)
        started = perf_counter()
        job = client.submit(PROMPT, model, api_name="/explain_generation")
        times |= _first_events(job, started)
        job.cancel()
    return times


def _first_events(job, started: float) -> dict:
    """Seconds to the first event with a response, and with a step."""
    seen, times = 0, {}
    names = {"response": "first_token", "step": "first_step"}
    while "first_step" not in times and perf_counter() - started < LIMIT:
        events = job.outputs()
        for event in events[seen:]:
            values = json.loads(event) if isinstance(event, str) else event
            if name := names.get(values["type"]):
                times.setdefault(name, perf_counter() - started)
        seen = len(events)
        sleep(0.01)
    return times


@contextmanager
def _serving(port: int):
    environment = os.environ | {"PORT": str(port), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}/"
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


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
