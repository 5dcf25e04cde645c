"""Candidate evaluation against the matrix-product rate of the same process, and where the rest goes."""

from __future__ import annotations

from collections import Counter
from statistics import median

import torch

from benchmarks.setting import Setting, answered
from benchmarks.timing import matmul_flops, seconds
from explainers.core.types import Mask
from explainers.targets.base import as_masks
from explainers.targets.scorer import TransformersScorer

NAME, TITLE = "limit", "Distance from the matrix-product rate"
NEW_TOKENS, WORDS = 60, range(16, 21)
BATCHES = (1, 8, 32)
GROUPS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm"),
    "attention": ("scaled_dot_product",),
    "log-softmax over the vocabulary": ("aten::sub", "aten::exp", "aten::amax", "aten::logsumexp"),
    "copies and conversions": ("aten::copy_", "aten::cat", "aten::clone"),
}


def measure(setting: Setting) -> dict:
    loaded = setting.load()
    examples = answered(setting, loaded, WORDS, NEW_TOKENS, least_tokens=NEW_TOKENS)
    target = next(examples).target()
    scorers = {"own precision": target.scorer} | (
        {"bfloat16": target.rough_scorer} if target.rough_scorer else {}
    )
    rows = []
    for name, scorer in scorers.items():
        dtype = torch.bfloat16 if name == "bfloat16" else loaded.dtype
        for batch in BATCHES:
            rows.append({"precision": name, "batch": batch, **_rate(target, scorer, dtype, batch, setting)})
    profiles = {name: _profile(target, scorer) for name, scorer in scorers.items()}
    return {"model": loaded.name, "rows": rows, "profiles": profiles}


def table(result: dict) -> list[str]:
    lines = [
        "| precision | batch | seconds per mask | achieved GFLOP/s | matrix product GFLOP/s | share |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        rates = f"{row['achieved'] / 1e9:.0f} | {row['limit'] / 1e9:.0f}"
        lines.append(
            f"| {row['precision']} | {row['batch']} | {row['seconds']:.3f} | {rates} | {row['share']:.0%} |"
        )
    for name, shares in result["profiles"].items():
        parts = ", ".join(f"{group} {share:.0%}" for group, share in shares.items())
        lines += ["", f"Where the time of a batch of 8 goes in {name}: {parts}."]
    return lines


def _rate(target, scorer: TransformersScorer, dtype: torch.dtype, batch: int, setting: Setting) -> dict:
    masks = _masks(target, batch)
    with torch.no_grad():
        time = median(seconds(lambda: scorer.token_log_probs(masks), setting.repeat)) / batch
    inner, rows = target.model.config.get_text_config().hidden_size, 8 * _positions(target)
    limit = matmul_flops(dtype, rows, inner, 4 * inner, target.device.type)
    achieved = flops(target) / time
    return {"seconds": time, "achieved": achieved, "limit": limit, "share": achieved / limit}


def flops(target) -> float:
    """Of the matrix products that one mask needs: two for each weight and position, the output layer's
    only where a response token is predicted. Attention's own products are left out."""
    head = target.model.get_output_embeddings().weight.numel()
    inputs = target.model.get_input_embeddings().weight.numel()
    tied = target.model.get_output_embeddings().weight is target.model.get_input_embeddings().weight
    body = sum(p.numel() for p in target.model.parameters()) - inputs - (0 if tied else head)
    return 2.0 * (body * _positions(target) + head * len(target.response_ids))


def _positions(target) -> int:
    return len(target.prompt.input_ids) - target.scorer.start + len(target.response_ids) - 1


def _masks(target, batch: int) -> list[Mask]:
    """Masks without the first span, so that nothing but the fixed prefix is shared."""
    spans = len(target.spans)
    masks = (1 - torch.eye(spans)).repeat(1 + batch // spans, 1)[:batch]
    masks[:, 0] = 0
    return as_masks(masks)


def _profile(target, scorer: TransformersScorer) -> dict[str, float]:
    """Shares of the operators' own time in a batch of 8."""
    masks, times = _masks(target, 8), Counter()
    with torch.no_grad():
        scorer.token_log_probs(masks)
        with torch.profiler.profile() as profile:
            scorer.token_log_probs(masks)
    for event in profile.key_averages():
        own = getattr(event, "self_device_time_total", 0) or event.self_cpu_time_total
        names = (group for group, parts in GROUPS.items() if any(part in event.key for part in parts))
        times[next(names, "all else")] += own
    return {group: time / times.total() for group, time in times.most_common()}
