"""How long something takes: repeated measurements, medians with their spread, and the machine they are of."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from statistics import median
from time import perf_counter, process_time

import psutil
import torch

LIBRARIES = ("torch", "transformers", "captum")

clock: Callable[[], float] = perf_counter  # wall time; see measure_on_a_busy_machine


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure_on_a_busy_machine() -> None:
    """From now on use one thread, and take its processor time for the time: what others run counts little."""
    global clock
    clock = process_time
    torch.set_num_threads(1)


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What `work` returns, and how long it took, in seconds."""
    synchronize()
    started = clock()
    result = work()
    synchronize()
    return result, clock() - started


def seconds(work: Callable[[], object], repeat: int, warm_up: int = 1) -> list[float]:
    """How long `work` took each time, in seconds."""
    return [timed(work)[1] for _ in range(warm_up + repeat)][warm_up:]


def spread(values: list[float]) -> dict:
    """Median and range of repeated measurements."""
    return {"median": median(values), "least": min(values), "most": max(values), "n": len(values)}


def shown(values: dict, digits: int = 2) -> str:
    return f"{values['median']:.{digits}f} ({values['least']:.{digits}f} – {values['most']:.{digits}f})"


def machine() -> dict:
    """Kind of hardware and versions of libraries; no names of hosts or people."""
    features = [name for name in ("avx512_bf16", "amx_bf16") if torch.cpu.get_capabilities().get(name)]
    return {
        "cpu": torch.cpu.get_capabilities().get("cpu_name") or platform.machine(),
        "cores": psutil.cpu_count(logical=False),
        "threads": torch.get_num_threads(),
        "bfloat16": features,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load": os.getloadavg()[0],
        "time": "wall" if clock is perf_counter else "processor",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


@cache
def matmul_flops(dtype: torch.dtype, rows: int, inner: int, outer: int, device: str) -> float:
    """FLOP/s of the matrix product (rows, inner) × (inner, outer), the median of seven."""
    left = torch.randn(rows, inner, device=device).to(dtype)
    right = torch.randn(outer, inner, device=device).to(dtype)
    times = seconds(lambda: torch.nn.functional.linear(left, right), 7, warm_up=2)
    return 2 * rows * inner * outer / median(times)
