"""app.py in a process of its own, as a Space starts it, with an owner's token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from urllib.request import urlopen

from explainers.models import builtin
from tests.deploy.test_sub_path import free_port
from tests.forked import ROOT, started
from tests.tiny_models import tiny_causal

TOKEN = "hf_" + "OwnersSecret" * 3
SPACE = {"SPACE_ID": "a/b", "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0"}
# As app.py, without loading the built-in models at once: for tests that need none of them, or none at once.
UNPREPARED = """
import os, app
page, _, _ = app.launch(server_port=int(os.environ["PORT"]), prevent_thread_lock=True)
page.block_thread()
"""


@contextmanager
def a_space(**environment: str) -> Iterator[str]:
    """The address of app.py as the README starts it, once all is prepared."""
    port = str(free_port())
    own = os.environ | SPACE | {"PORT": port} | environment
    server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=own)
    try:
        url = wait_for(f"http://127.0.0.1:{port}", lambda: server.poll() is None)
        wait_for(f"{url}/readyz", lambda: server.poll() is None)  # what came before is not yet at work
        yield url
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def an_unprepared_space(**environment: str) -> Iterator[tuple[str, ForkServerProcess]]:
    """(address, process) of a Space that is forked, and has not loaded a model yet."""
    port = str(free_port())
    server = started(UNPREPARED, **SPACE | {"PORT": port} | environment)
    try:
        yield wait_for(f"http://127.0.0.1:{port}", server.is_alive), server
    finally:
        server.terminate()
        server.join(20)


def wait_for(url: str, alive: Callable[[], bool]) -> str:
    for _ in range(1200):
        assert alive(), "app.py ended"
        try:
            urlopen(url, timeout=5)
            return url
        except OSError:  # it is not there yet, or too busy to answer
            time.sleep(0.1)
    raise AssertionError("no answer within two minutes")


def saved_model(folder: Path) -> Path:
    """A tiny causal model as a folder."""
    tiny = tiny_causal("llama", chat=True)
    tiny.model.save_pretrained(folder)
    tiny.tokenizer.save_pretrained(folder)
    return folder


def tiny_builtin(cache: Path) -> None:
    """Put a tiny model in the place of the built-in one, for whoever starts with that cache folder."""
    name = builtin.SMOLLM2.hub_id.rpartition("/")[2]
    folder = saved_model(cache / "maskwise" / name)
    for file, longest in (
        ("config.json", "max_position_embeddings"),
        ("tokenizer_config.json", "model_max_length"),
    ):
        values = json.loads((folder / file).read_text())
        assert longest in values
        (folder / file).write_text(json.dumps(values | {longest: 8192}))  # as many tokens as the other reads
    marker = builtin._marker(folder, builtin.SMOLLM2)
    (folder / builtin.MARKER).write_text(json.dumps(marker))
