"""How far it is through our own code: `python -m benchmarks.frames` prints the files on a prompt's way.

A file is on the way where one of its functions is handed the prompt, or what directly holds it (a dict, a
list, a dataclass), while the Generation tab runs it on the built-in model, from Run to the strip.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace

import gradio as gr

ROOT = Path(__file__).resolve().parents[1]
OURS = ("components/", "explainers/", "app.py")
PROMPT = "Tell me about the doctor."
QUICK = {"prompt": PROMPT, "method": "feature_ablation", "k": 1, "new-tokens": 4}  # by the inputs' elem_id


def prompt_way() -> list[str]:
    """Our files that are handed PROMPT, in the order in which they first are."""
    import app

    demo = app.build()
    (run,) = (block for block in demo.blocks.values() if getattr(block, "elem_id", None) == "run")
    (event,) = (event for event in demo.fns.values() if (run._id, "click") in event.targets)
    values = [QUICK.get(block.elem_id, block.value) for block in event.inputs]
    way: dict[str, None] = {}

    def note(frame: FrameType, kind: str, _) -> None:
        if kind == "call" and (name := _own(frame.f_code)) and name not in way and _receives(frame):
            way[name] = None

    threading.setprofile(note)  # of the run's thread
    sys.setprofile(note)
    try:
        for shown in event.fn(SimpleNamespace(session_hash="frames"), *values):
            status = next(iter(shown.values()))
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    if status["state"] != "done":
        raise RuntimeError(status["text"])
    return list(way)


@cache
def _own(code: CodeType) -> str | None:
    """The file of ours that the code is from."""
    path = Path(code.co_filename)
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else ""
    return name if name.startswith(OURS) else None


def _receives(frame: FrameType) -> bool:
    code = frame.f_code
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4)]
    return any(_holds(frame.f_locals.get(name)) for name in names)


def _holds(value: object) -> bool:
    if isinstance(value, dict):
        return PROMPT in [each for each in value.values() if isinstance(each, str)]
    if isinstance(value, gr.blocks.Block):
        return False
    if isinstance(value, list | tuple):
        return PROMPT in [each for each in value if isinstance(each, str)]
    if is_dataclass(value) and not isinstance(value, type):
        return _holds([getattr(value, field.name, None) for field in fields(value)])
    return isinstance(value, str) and value == PROMPT


def main() -> None:
    way = prompt_way()
    print(f"{len(way)} files on the prompt's way from the text box to the strip:")
    print("\n".join(f"  {name}" for name in way))


if __name__ == "__main__":
    main()
