"""Where a model goes and whether it fits: its device and precision, the memory it needs and what is free."""

from __future__ import annotations

from pathlib import Path

import psutil

from explainers.core.deferred_torch import torch
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError, shown
from explainers.core.zero_gpu import waits_for_gpu
from explainers.models.checkpoint import FLOAT_BYTES, OTHER_BYTES, stored_bytes

HEADROOM = 1.2  # weights and, over them, what a forward pass of short texts takes
CGROUP = Path("/sys/fs/cgroup")


def choose_device(wanted: str | torch.device | None = None) -> torch.device:
    """The device of that name, such as "cuda:1"; else MASKWISE_DEVICE; else the fastest there is.

    Raises MaskwiseError for one that this machine does not have.
    """
    wanted = wanted or deployment().device
    if not wanted:
        if waits_for_gpu():
            return torch.device("cpu")
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        device = None
    if device is None or not _is_there(device):
        raise MaskwiseError(
            f"This machine has no device {shown(wanted)}. Give cpu, cuda, cuda:1 (the second GPU) or "
            "mps, or let Maskwise choose (unset MASKWISE_DEVICE)."
        )
    return device


def _is_there(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    return device.type == "cpu" or (device.type == "mps" and torch.backends.mps.is_available())


def read_dtype(wanted: str | torch.dtype | None) -> torch.dtype | None:
    """The precision of that name; None stays None. Raises MaskwiseError for one that is not offered."""
    offered = {name: getattr(torch, name) for name in ("float32", "bfloat16", "float16")}
    if wanted is None:
        return None
    for name, dtype in offered.items():
        if wanted in (name, dtype):
            return dtype
    raise MaskwiseError(f"dtype must be one of {', '.join(offered)}, not {shown(wanted)}.")


def choose_dtype(counts: dict[str, int], device: torch.device) -> torch.dtype:
    """fp32 on a CPU; elsewhere the half precision the weights are stored in, or fp32 where they are fp32.

    counts: number of stored values by safetensors dtype. Of quantized weights, the precision of the rest.
    """
    halves = {"BF16": torch.bfloat16, "F16": torch.float16}
    floats = {name: count for name, count in counts.items() if name in FLOAT_BYTES}
    stored = halves.get(max(floats, key=floats.__getitem__), torch.float32) if floats else torch.float32
    if device.type == "cpu":
        return torch.float32
    if device.type == "cuda" and stored is torch.bfloat16 and not torch.cuda.is_bf16_supported(False):
        return torch.float16
    return stored


def needed_bytes(counts: dict[str, int], dtype: torch.dtype) -> int:
    """Bytes of the weights in that precision; what is quantized stays as it is stored."""
    return sum(
        count * (dtype.itemsize if name in FLOAT_BYTES else OTHER_BYTES.get(name, 1))
        for name, count in counts.items()
    )


def available_bytes(device: torch.device) -> int:
    """Memory that is free on the device; on a CPU, what the machine and its container leave.

    "cuda" without a number is all GPUs together. What torch keeps in its cache counts as free.
    """
    if device.type == "cuda":
        gpus = range(torch.cuda.device_count()) if device.index is None else [device.index]
        return sum(map(_free_on_gpu, gpus))
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return min(psutil.virtual_memory().available, _container_bytes())


def _free_on_gpu(index: int) -> int:
    cached = torch.cuda.memory_reserved(index) - torch.cuda.memory_allocated(index)
    return torch.cuda.mem_get_info(index)[0] + cached


def device_map(needed: int, device: torch.device) -> str | dict[str, torch.device] | None:
    """Where transformers puts a model's weights as it reads them: None for the CPU.

    "auto", accelerate's way to use several GPUs, where the first one alone would not hold the model.
    """
    if device.type == "cpu":
        return None
    if device.type == "cuda" and device.index is None:
        if torch.cuda.device_count() > 1 and HEADROOM * needed > _free_on_gpu(0):
            return "auto"
        device = torch.device("cuda", 0)
    return {"": device}


def is_spread(model) -> bool:
    """Whether its weights lie on several devices."""
    return len(set(getattr(model, "hf_device_map", {}).values())) > 1


def other_gpus(model, wanted: torch.device) -> tuple[torch.device, ...]:
    """The GPUs beside the one that holds the model whole, where all may be used: wanted is "cuda" without a
    number."""
    if wanted.type != "cuda" or wanted.index is not None or is_spread(model):
        return ()
    gpus = (torch.device("cuda", index) for index in range(torch.cuda.device_count()))
    return tuple(gpu for gpu in gpus if gpu != model.device)


def keep_bytes(available: int, held: int) -> int:
    """Bound on the weights of all models kept: MASKWISE_MEMORY_GB, else half of what there would be without
    them. available: free now; held: taken by the models already kept."""
    limit = deployment().memory_gb
    return (available + held) // 2 if limit is None else int(limit * 1e9)


def check_bound(name: str, counts: dict[str, int]) -> None:
    """Raise MaskwiseError where the weights, as they are stored, are larger than this deployment allows.

    counts: number of stored values by safetensors dtype. One that the owner lists may be larger.
    """
    here = deployment()
    stored = stored_bytes(counts)
    if here.model_gb is not None and stored > here.model_gb * 1e9 and not here.is_listed(name):
        raise MaskwiseError(
            f"{name} is too large: models here may have {here.model_gb:g} GB, and it has "
            f"{stored / 1e9:.1f} GB. Choose a smaller model."
        )


def check_limit(name: str, needed: int) -> None:
    """Raise MaskwiseError where weights of `needed` bytes exceed MASKWISE_MEMORY_GB by themselves."""
    limit = deployment().memory_gb
    if limit is not None and needed > limit * 1e9:
        raise MaskwiseError(
            f"{name} is too large: it takes {needed / 1e9:.1f} GB of memory, and the models here may take "
            f"{limit:g} GB. Choose a smaller model."
        )


def check_fits(name: str, needed: int, device: torch.device, available: int) -> None:
    """Raise MaskwiseError where weights of `needed` bytes, with room to work, exceed `available` bytes."""
    if HEADROOM * needed > available:
        raise MaskwiseError(
            f"{name} is too large: it takes {HEADROOM * needed / 1e9:.1f} GB, and "
            f"{max(available, 0) / 1e9:.1f} GB are free ({device.type.upper()}). "
            "Choose a smaller model, or a machine with more memory."
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
