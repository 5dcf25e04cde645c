"""fp32 matrix products on a CPU through whichever of torch's two libraries is faster here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from time import perf_counter

from explainers.core.deferred_torch import torch

SHAPES = ((512, 512, 1536), (64, 1536, 512))  # rows, inner, outer
GAIN, LOSS = 1.2, 3.0  # least gain in speed, largest growth of the rounding error


@contextmanager
def fast_fp32(device: torch.device) -> Iterator[None]:
    """Within, fp32 products on a CPU may go to oneDNN, where that was found as exact and faster.

    The setting is the process's own, and ends with the last block that is open in any thread: meanwhile
    another thread's products are as exact, and faster too.
    """
    if device.type != "cpu" or not onednn_is_better():
        yield
        return
    _open.enter()
    try:
        yield
    finally:
        _open.leave()


class _Open:
    """Counts the open blocks; the first sets, the last puts back."""

    def __init__(self):
        self.count, self.before, self.lock = 0, "", Lock()

    def enter(self) -> None:
        with self.lock:
            if not self.count:
                matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
                self.before, matmul.fp32_precision = matmul.fp32_precision, "bf16"
            self.count += 1

    def leave(self) -> None:
        with self.lock:
            self.count -= 1
            if not self.count:
                torch.backends.mkldnn.matmul.fp32_precision = self.before  # type: ignore[attr-defined]


_open = _Open()


@cache
def onednn_is_better() -> bool:
    """Whether torch, when it may go to oneDNN, is faster and its results are those of fp32; tried in 0.1 s.

    The only setting that sends fp32 products there allows bfloat16 inside. On processors with matrix units
    for it oneDNN makes use of that, which shows in the error, and the answer is no. On others it computes in
    fp32, and on AMD's about twice as fast as MKL, which there leaves out AVX-512.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    return all(_is_better(*shape) for shape in SHAPES)


def _is_better(rows: int, inner: int, outer: int) -> bool:
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(n, inner, generator=generator) for n in (rows, outer))
    truth = torch.nn.functional.linear(left.double(), right.double())
    matmul = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]  # made when torch is imported
    found = {}
    before = matmul.fp32_precision
    try:
        for precision in ("ieee", "bf16"):
            matmul.fp32_precision = precision
            error = (torch.nn.functional.linear(left, right) - truth).square().mean().sqrt().item()
            found[precision] = error, min(_seconds(left, right) for _ in range(5))
    finally:
        matmul.fp32_precision = before
    (error, time), (error_there, time_there) = found["ieee"], found["bf16"]
    return error_there <= LOSS * error and time_there <= time / GAIN


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    started = perf_counter()
    torch.nn.functional.linear(left, right)
    return perf_counter() - started
