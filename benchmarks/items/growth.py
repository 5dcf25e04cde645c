"""Seconds and peak memory against prompt length, response length and k; and what sharing prefixes saves."""

from __future__ import annotations

import ctypes
import gc
from itertools import pairwise
from pathlib import Path
from statistics import median

import torch

from benchmarks.setting import Setting
from benchmarks.timing import seconds
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import render_prompt

NAME, TITLE = "growth", "Growth with length and k"
PROMPTS, RESPONSES, KS = (16, 64, 256, 1024), (16, 64, 256), (1, 3, 10)
MASKS, SHARED, RESPONSE, PROMPT = 8, 16, 32, 64


def measure(setting: Setting) -> dict:
    loaded = setting.load()
    text = " ".join(setting.texts())
    shapes = [("prompt tokens", n, n, RESPONSE, 3) for n in PROMPTS]
    shapes += [("response tokens", n, PROMPT, n, 3) for n in RESPONSES]
    shapes += [("k", k, PROMPT, RESPONSE, k) for k in KS]
    rows = []
    for what, size, prompt, response, k in shapes:
        target = _target(loaded, text, prompt, response)
        rows.append({"grows": what, "size": size, **cost(target, k, setting.repeat)})
    shared = [
        {"prompt_tokens": n, **sharing(_target(loaded, text, n, RESPONSE), setting.repeat)}
        for n in PROMPTS[1:3]
    ]
    return {"model": loaded.name, "masks": MASKS, "rows": rows, "shared": shared}


def table(result: dict) -> list[str]:
    lines = [
        f"{result['masks']} random masks in the model's own precision; {PROMPT} prompt tokens of the "
        f"person's, {RESPONSE} response tokens and k = 3 unless they grow.",
        "",
        "| what grows | size | tokens in all | of them recomputed | seconds "
        "| ms per mask and recomputed token | peak MB above the model |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        each = 1e3 * row["seconds"] / result["masks"] / row["recomputed"]
        lines.append(
            f"| {row['grows']} | {row['size']} | {row['tokens']} | {row['recomputed']} "
            f"| {row['seconds']:.2f} | {each:.2f} | {row['megabytes']:.0f} |"
        )
    lines += ["", *(_marginal(result, what) for what in ("prompt tokens", "response tokens"))]
    lines += [
        "",
        f"Removing each of {SHARED} spans, with keys and values shared up to the first change, and not:",
        "",
    ]
    for row in result["shared"]:
        lines.append(
            f"- {row['prompt_tokens']} prompt tokens: {row['shared']:.2f} s against {row['alone']:.2f} s "
            f"({row['alone'] / row['shared']:.2f} times)."
        )
    return lines


def _marginal(result: dict, what: str) -> str:
    """What a further token costs, between each two neighbouring sizes."""
    rows = [row for row in result["rows"] if row["grows"] == what]
    costs = [
        1e3 * (after["seconds"] - before["seconds"]) / result["masks"] / (after["size"] - before["size"])
        for before, after in pairwise(rows)
    ]
    shown = ", ".join(f"{each:.1f}" for each in costs)
    return f"- one more of the {what}, from size to size: {shown} ms per mask"


def _target(loaded, text: str, prompt_tokens: int, response_tokens: int) -> ResponseTarget:
    """A target whose person's text, and response, have about the given number of tokens."""
    ids = loaded.tokenizer(text, add_special_tokens=False)["input_ids"]
    body = loaded.tokenizer.decode(ids[:prompt_tokens])
    prompt = render_prompt(loaded.tokenizer, body, "word")
    return ResponseTarget(loaded, prompt, tuple(ids[-response_tokens:]), screening=False)


def cost(target: ResponseTarget, k: int, repeat: int) -> dict:
    spans, generator = len(target.spans), torch.Generator().manual_seed(0)
    masks = torch.ones(MASKS, spans)
    for mask in masks:
        mask[torch.randperm(spans, generator=generator)[: min(k, spans)]] = 0

    def evaluate():
        target.scored.known.clear()
        target.log_prob(masks)

    evaluate()
    before = _reset_peak()
    time = median(seconds(evaluate, repeat, warm_up=0))
    tokens = len(target.prompt.input_ids) + len(target.response_ids)
    recomputed = tokens - target.scorer.start  # at most; less where masks share more than the fixed part
    return {
        "seconds": time,
        "tokens": tokens,
        "recomputed": recomputed,
        "megabytes": (_peak() - before) / 1e6,
    }


def sharing(target: ResponseTarget, repeat: int) -> dict:
    spans = len(target.spans)
    masks = (1 - torch.eye(spans))[:: max(1, spans // SHARED)][:SHARED]

    def evaluate():
        target.scored.known.clear()
        target.scorer.prefix.reference = None
        target.log_prob(masks)

    shared = median(seconds(evaluate, repeat))
    target.scorer.prefix.arrange = lambda masks, size: masks
    return {"shared": shared, "alone": median(seconds(evaluate, repeat))}


def _reset_peak() -> float:
    """Start to record the peak anew; returns what is held now, in bytes."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    ctypes.CDLL(None).malloc_trim(0)  # glibc: what earlier work gave back would count as held
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> float:
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * float(next(line for line in lines if line.startswith(name)).split()[1])
