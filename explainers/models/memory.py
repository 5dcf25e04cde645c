"""How much memory a model needs, how much there is, and how much of it loaded models may keep."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError

HEADROOM = 1.2  # weights and, over them, what a forward pass of short texts takes
LIMIT = "MASKWISE_MEMORY_GB"
CGROUP = Path("/sys/fs/cgroup")


def choose_device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_dtype(counts: dict[str, int], device: torch.device) -> torch.dtype:
    """fp32 on a CPU; elsewhere the half precision the weights are stored in, or fp32 where they are fp32.

    counts: number of stored values by safetensors dtype.
    """
    halves = {"BF16": torch.bfloat16, "F16": torch.float16}
    stored = halves.get(max(counts, key=counts.get), torch.float32)
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and stored is torch.bfloat16 and not torch.cuda.is_bf16_supported(False):
        return torch.float16
    return stored


def needed_bytes(counts: dict[str, int], dtype: torch.dtype) -> int:
    return sum(counts.values()) * dtype.itemsize


def available_bytes(device: torch.device) -> int:
    """Memory that is free on the device; on a CPU, what the machine and its container leave."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(psutil.virtual_memory().available, _container_bytes())


def keep_bytes(available: int, held: int) -> int:
    """Bound on the weights of all models kept: MASKWISE_MEMORY_GB, else half of what there would be without
    them. available: free now; held: taken by the models already kept."""
    if not (limit := os.environ.get(LIMIT)):
        return (available + held) // 2
    try:
        return int(float(limit) * 1e9)
    except (ValueError, OverflowError):
        raise MaskwiseError(f"{LIMIT} must be a number of gigabytes, such as 8, not {limit!r}.") from None


def check_fits(name: str, counts: dict[str, int], device: torch.device, available: int) -> None:
    """Raise MaskwiseError where the model, with room to work, exceeds `available` bytes."""
    needed = HEADROOM * needed_bytes(counts, choose_dtype(counts, device))
    if needed > available:
        raise MaskwiseError(
            f"{name} is too large: it takes {needed / 1e9:.1f} GB, and {max(available, 0) / 1e9:.1f} GB are "
            f"free ({device.type.upper()}). Choose a smaller model, or a machine with more memory."
        )


def _container_bytes() -> float:
    """What the container's memory limit (cgroup v2) leaves, page cache counted as free; else infinite."""
    try:
        limit = int((CGROUP / "memory.max").read_text())
        used = int((CGROUP / "memory.current").read_text())
        stats = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        return limit - used + int(stats.get("inactive_file", 0)) + int(stats.get("active_file", 0))
    except (OSError, ValueError):
        return float("inf")
