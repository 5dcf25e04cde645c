"""Tokens of an answer per second: the plain loop against small copies of the model as drafts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from statistics import mean, median

import torch

from benchmarks.setting import Setting
from benchmarks.timing import shown, spread, timed
from explainers.models.copies.four_bit import draft_copy
from explainers.models.copies.half_precision import half_copy
from explainers.models.copies.variants import sharing_copy
from explainers.models.loaded import LoadedModel
from explainers.targets.answers.decoding import plain_tokens
from explainers.targets.answers.settings import end_tokens
from explainers.targets.causal import drafting
from explainers.targets.causal.drafting import Draft, DraftedDecoding
from explainers.targets.causal.model import CausalModel
from explainers.text.prompts import render_prompt

NAME, TITLE = "drafts", "Writing an answer: small copies of the model as drafts"
NEW_TOKENS, PLAIN = 60, "plain loop"


def measure(setting: Setting) -> dict:
    """Every way writes each answer in turn, so that what else the machine does falls on all alike."""
    loaded = setting.load()
    ways = {PLAIN: None} | {name: make(loaded.model) for name, make in small_copies().items()}
    rows: dict[str, list[dict]] = {name: [] for name in ways}
    for text in islice(setting.texts(), setting.repeat):
        expected = None
        for name, draft in ways.items():
            row = _written(loaded, text, draft)
            expected = expected or row["tokens"]
            rows[name].append(row | {"same": row.pop("tokens") == expected})
    return {
        "new_tokens": NEW_TOKENS,
        "most_drafted": drafting.MOST_DRAFTED,
        "ways": {name: _summary(found, rows[PLAIN]) for name, found in rows.items()},
    }


def table(result: dict) -> list[str]:
    lines = [
        f"Answers of up to {result['new_tokens']} tokens; at most {result['most_drafted']} drafted at once.",
        "",
        "| way | tokens per second | times faster | tokens per pass of the model | same answers |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, way in result["ways"].items():
        speed = f"{shown(way['speed'], 1)} | {way['times']:.2f} | {way['per_pass']:.1f}"
        lines.append(f"| {name} | {speed} | {way['same']} of {way['speed']['n']} |")
    return lines


def _written(loaded: LoadedModel, text: str, draft) -> dict:
    """One answer, the time from its first token to its last, and passes of the model itself."""
    causal, passes = CausalModel(loaded.model), []
    ids = torch.tensor([render_prompt(loaded.tokenizer, text).input_ids], device=loaded.device)
    if draft is None:
        steps = plain_tokens(loaded, causal.token_inputs.of(ids), NEW_TOKENS, lambda rows: None)
    else:
        ahead = Draft(lambda: draft, causal.token_inputs, end_tokens(loaded), lambda rows: None)
        steps = DraftedDecoding(causal, ahead, passes.append).tokens(causal.token_inputs.of(ids), NEW_TOKENS)
    first = next(steps)
    rest, seconds = timed(lambda: list(steps))
    count = len(passes) - 1 if draft is not None else len(rest)
    return {"tokens": [first, *rest], "speed": len(rest) / seconds, "per_pass": len(rest) / count}


def _summary(rows: list[dict], plain: list[dict]) -> dict:
    times = [row["speed"] / other["speed"] for row, other in zip(rows, plain, strict=True)]
    return {
        "speed": spread([row["speed"] for row in rows]),
        "times": median(times),
        "per_pass": mean(row["per_pass"] for row in rows),
        "same": sum(row["same"] for row in rows),
    }


def small_copies() -> dict[str, Callable]:
    """How each is made from a model, by name."""
    return {
        "4 bits in groups of 32, bfloat16 activations": draft_copy,
        "int8, bfloat16 activations": lambda model: _with_layers(model, Int8Linear),
        "int8, activations quantized as they come": lambda model: _with_layers(model, DynamicInt8Linear),
        "bfloat16": half_copy,
    }


def _with_layers(model, make: Callable):
    copy = sharing_copy(model)
    for module in list(copy.modules()):
        for name, child in module.named_children():
            if type(child) is torch.nn.Linear:
                setattr(module, name, make(child))
    return copy


class Int8Linear(torch.nn.Module):
    """A scale per output; the product is taken by torch's `_weight_int8pack_mm`."""

    def __init__(self, linear: torch.nn.Linear):
        super().__init__()
        (self.weight, scales), self.bias = _in_int8(linear.weight.detach()), linear.bias
        self.scales = scales[:, 0].to(torch.bfloat16)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        rows = states.flatten(0, -2).to(torch.bfloat16)
        product = torch._weight_int8pack_mm(rows, self.weight, self.scales).float()
        product = product.view(*states.shape[:-1], -1)
        return product if self.bias is None else product + self.bias


class DynamicInt8Linear(torch.nn.Module):
    """A scale per output, and one per row of activations as they come; torch's `_int_mm`."""

    def __init__(self, linear: torch.nn.Linear):
        super().__init__()
        (self.weight, self.scales), self.bias = _in_int8(linear.weight.detach()), linear.bias

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        rows, scales = _in_int8(states.flatten(0, -2))
        product = torch._int_mm(rows, self.weight.T) * scales * self.scales.T
        product = product.view(*states.shape[:-1], -1)
        return product if self.bias is None else product + self.bias


def _in_int8(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row rounded to int8, and the scales (rows, 1) that give it back."""
    scales = rows.abs().amax(1, keepdim=True).clamp(min=torch.finfo(rows.dtype).tiny) / 127
    return (rows / scales).round().to(torch.int8), scales
