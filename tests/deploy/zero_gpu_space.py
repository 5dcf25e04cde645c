"""A Space with ZeroGPU, for test_zero_gpu.py: the package `spaces` as it is, but no GPU is opened.

Prints JSON: what each job said.
"""

import json
import os
import sys
import threading
import urllib.request
from dataclasses import replace
from types import SimpleNamespace

import torch

sys.modules["torch"] = None  # without it the package opens no GPU; a CPU's torch lacks what it patches
import spaces  # noqa: E402, F401

sys.modules["torch"] = torch

import transformers.models.llama.modeling_llama  # noqa: E402, F401 - or each process with a GPU imports it anew
from gradio.context import LocalContext  # noqa: E402

from components.line.line import Line  # noqa: E402
from components.line.work import Work  # noqa: E402
from components.runner import Runner  # noqa: E402
from explainers.core.types import Task  # noqa: E402
from explainers.models import held, memory  # noqa: E402
from explainers.streams import report  # noqa: E402
from explainers.streams.generation import run  # noqa: E402
from explainers.streams.requests.generation import GenerationRequest  # noqa: E402


class Headers(dict):
    """Of a visitor of the Hub, whose quota is told by a token."""


FOLDER = sys.argv[1]
PROMPT = "The sea is wide and blue, and the ships that sail on it are small, for it has no end that we see."
DEVICES = os.environ["SPACES_ZERO_DEVICE_API_URL"]
LINE = Line()
LESS = 12  # seconds: below what any run asks for, READING_SECONDS and more


def work(model=FOLDER, method="feature_ablation", kept=True, **options):
    request = GenerationRequest(PROMPT, model, method, 8, max_new_tokens=4, options=options)
    return Work(lambda hook: run(request, hook), "generation", model, Task.GENERATION, kept=kept)


def quota(*answers) -> None:
    """What the device API is to answer next: seconds left, or none for a GPU."""
    urllib.request.urlopen(f"{DEVICES}/quota", json.dumps(answers).encode()).read()


def last(reader) -> dict:
    return [event for events in reader.updates() for event in events][-1]


def stopped_in_the_middle(runner) -> dict:
    """Stop after the first step, which only the other process could have said."""
    reader = runner.start("page", "tab", work(method="xprompt", iterations=1000))
    said = []
    for events in reader.updates():
        said += events
        if any(event["type"] == "step" for event in events):
            runner.stop("page", "tab")
    return said[-1] | {"steps": sum(event["type"] == "step" for event in said)}


def main() -> None:
    LocalContext.request.set(SimpleNamespace(headers=Headers({"x-ip-token": "a.e30.c"})))
    report.text_metrics = lambda *answers: []  # they take seconds
    runner, said = Runner(LINE), {"device_here": str(memory.choose_device())}
    said["first"] = last(runner.add("a", work()))
    said["kept_models"] = len(held.kept_models)
    said["second"] = last(runner.add("a", work()))
    said["stopped"] = stopped_in_the_middle(runner)
    quota(LESS)
    said["less"] = last(runner.add("a", work()))
    quota(3)
    said["none"] = last(runner.add("a", work()))
    quota(0)
    long = replace(work(), kind="long")
    LINE.pace.record(long.pace, 500.0)
    said["too_long"] = last(runner.add("a", long))
    said["builtin"] = last(runner.add("a", work("")))
    said["wrong"] = last(runner.add("a", work(f"{FOLDER}/missing")))
    said["left_behind"] = last(runner.add("a", work(kept=False)))
    said |= {"process": os.getpid(), "threads": threading.active_count()}
    print(json.dumps(said))
