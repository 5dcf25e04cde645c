"""Processes of their own that find the heavy libraries imported: forked from one that has them, and nothing
of Maskwise. The first takes as long as any other to start, each after it a tenth.
"""

from __future__ import annotations

import importlib
import os
import runpy
import sys
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
FORKING = get_context("forkserver")
FORKING.set_forkserver_preload(
    [
        "gradio",
        "gradio_client",
        "transformers.models.llama.modeling_llama",
        "sentence_transformers",
        "captum.attr",
    ]
)


def started(code: str, *arguments, folder: Path = ROOT, written="", **environment: str) -> ForkServerProcess:
    """A process that runs `code` as `python -c` does in a folder, or a file there as `python NAME.py` does.

    written: the folder that `out` and `err` go to.
    """
    process = FORKING.Process(target=_run, args=(code, arguments, folder, written, environment))
    process.start()
    return process


def output_of(code: str, *arguments, **settings) -> CompletedProcess[str]:
    """What a process that was `started` said, once it has ended."""
    with TemporaryDirectory() as written:
        process = started(code, *arguments, written=written, **settings)
        process.join()
        texts = [Path(written, name).read_text(encoding="utf-8") for name in ("out", "err")]
    return CompletedProcess(code, process.exitcode, *texts)


def _run(code: str, arguments, folder: Path, written: str, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    importlib.reload(importlib.import_module("huggingface_hub.constants"))  # they are of the environment
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = [code if code.endswith(".py") else "-c", *map(str, arguments)]
    if written:
        for number, name in enumerate(("out", "err"), 1):
            os.dup2(os.open(Path(written, name), os.O_WRONLY | os.O_CREAT), number)
    if code.endswith(".py"):
        runpy.run_path(code, run_name="__main__")
    else:
        exec(code, {"__name__": "__main__"})
