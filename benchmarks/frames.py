"""How far it is through our own code: `python -m benchmarks.frames` prints our own frames from a method's
question to the model's forward pass, and the files on a prompt's way.

The way leads from Run to the strip, while the Generation tab runs a prompt on the built-in model. A file is
on it where one of its functions is at work when the text is cut into spans, or when the view takes these
spans. More files are handed the prompt beside the way (or a dict, a list or a dataclass that directly holds
it): those that look after a part of it and give it back.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, SimpleNamespace

import gradio as gr
import torch

from explainers.core.types import Task
from explainers.models.copies.half_precision import half_copy
from explainers.models.held import load_model
from explainers.targets.remembered import Remembered
from explainers.targets.response import ResponseTarget
from explainers.targets.screening import Screen
from explainers.text.prompts import encode_response, render_prompt

ROOT = Path(__file__).resolve().parents[1]
EXPLAINERS, ANSWER = ROOT / "explainers", "Once upon a time"
OURS = ("components/", "explainers/", "app.py")
PROMPT = "Tell me about the doctor."
WAYPOINTS = {"explainers/text/spans.py": "split_spans", "components/generation/view.py": "on_prompt"}
QUICK = {"prompt": PROMPT, "method": "feature_ablation", "k": 1, "new-tokens": 4}  # by the inputs' elem_id


def prompt_way() -> tuple[list[str], list[str]]:
    """Our files on the way of PROMPT, and those that are handed it beside the way."""
    import app

    demo = app.build()
    (run,) = (block for block in demo.blocks.values() if getattr(block, "elem_id", None) == "run")
    (event,) = (event for event in demo.fns.values() if (run._id, "click") in event.targets)
    values = [QUICK.get(block.elem_id, block.value) for block in event.inputs]
    way: dict[str, None] = {}
    handed: dict[str, None] = {}

    def note(frame: FrameType, kind: str, _) -> None:
        if kind != "call" or not (name := _own(frame.f_code)):
            return
        if WAYPOINTS.get(name) == frame.f_code.co_name:
            way.update(dict.fromkeys(_files_at_work(frame)))
        if name not in handed and _receives(frame):
            handed[name] = None

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
    return list(way), [name for name in handed if name not in way]


def _files_at_work(frame: FrameType | None) -> list[str]:
    """Our files with a function that waits for this one, the outermost first."""
    names: list[str] = []
    while frame:
        names = [_own(frame.f_code) or "", *names]
        frame = frame.f_back
    return [name for name in names if name]


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


def frames_to_forward(target: ResponseTarget, question: Callable[[torch.Tensor], object]) -> list[str]:
    """Our own frames of the deepest way from a question about all single removals to a forward pass."""
    deepest: list[str] = []

    def record(module, arguments):
        stack = [f for f in traceback.extract_stack() if Path(f.filename).is_relative_to(EXPLAINERS)]
        names = [f"{Path(f.filename).relative_to(EXPLAINERS)}: {f.name}" for f in stack]
        if len(names) > len(deepest):
            deepest[:] = names

    bodies = {scorer.causal.model.base_model for scorer in (target.scorer, target.rough_scorer) if scorer}
    handles = [body.register_forward_pre_hook(record) for body in bodies]
    try:
        question(1 - torch.eye(len(target.spans)))
    finally:
        for handle in handles:
            handle.remove()
    return deepest


def example_target(screened: bool) -> ResponseTarget:
    loaded = load_model("", Task.GENERATION)
    prompt, response = render_prompt(loaded.tokenizer, PROMPT), encode_response(loaded.tokenizer, ANSWER)
    target = ResponseTarget(loaded, prompt, response, screening=False)
    if screened:  # also where the processor would not gain by it
        target.rough_scorer = target.question.scorer_on(replace(loaded, model=half_copy(loaded.model)))
        target.screen = Screen(Remembered(target.rough_scorer.log_prob), target.scored)
    return target


def main() -> None:
    for title, screened in (("a question", False), ("a screened question", True)):
        target = example_target(screened)
        frames = frames_to_forward(target, target.lowest)
        print(f"{len(frames)} frames of our own from {title} to the model's forward pass:")
        print("\n".join(f"  {frame}" for frame in frames))
    way, beside = prompt_way()
    print(f"{len(way)} files on the prompt's way from the text box to the strip:")
    print("\n".join(f"  {name}" for name in way))
    print(f"{len(beside)} more are handed it beside the way:")
    print("\n".join(f"  {name}" for name in beside))


if __name__ == "__main__":
    main()
