"""How many sequences go through a model at once: sized to processor and memory, halved when that runs out."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from threading import Lock
from time import perf_counter
from typing import Generic, TypeVar

from explainers.core.deferred_torch import torch
from explainers.core.errors import OutOfMemory
from explainers.core.types import Mask, OnForward
from explainers.models.memory import available_bytes

WIDTH = 1024  # of the square matrices that are timed
MOST_TOKENS = 2**15
PER_SATURATION = 4  # small kernels and launches need more rows to be hidden than a matrix product does
FEWEST_TOKENS = 512
MOST_ROWS = 64
GOOD = 0.9  # of the best rate
LOGITS_BYTES = 256 * 2**20  # of all logits of a batch, where a model gives no fewer
SHORTER = 4  # times, while others wait for the models between passes

Items = TypeVar("Items", list[Mask], "torch.Tensor")  # evaluated row by row


def batch_rows(model, positions: int) -> int:
    """Sequences of `positions` recomputed tokens to put through a model at once, at least 1.

    Enough tokens to keep the processor busy, in at most half of the memory that is free.
    """
    return _rows(model, positions, bytes_per_token(model))


def gradient_rows(model, positions: int) -> int:
    """As `batch_rows`, for a pass whose activations are all held for the way back."""
    return _rows(model, positions, gradient_bytes_per_token(model))


def _rows(model, positions: int, token_bytes: int) -> int:
    busy = max(FEWEST_TOKENS, PER_SATURATION * saturating_rows(model.device.type, model.dtype)) // positions
    free = int(available_bytes(model.device)) // (2 * positions * token_bytes)
    return max(1, min(busy, free, MOST_ROWS))


def bytes_per_token(model) -> int:
    """Memory that one token takes in a forward pass: keys and values, and a layer's activations, roughly."""
    layers, width, inner = _sizes(model)
    return ((2 * layers + 8) * width + 3 * inner) * model.dtype.itemsize


def gradient_bytes_per_token(model) -> int:
    """Memory that one token takes with all activations kept, roughly: 6 MB in a 16-bit model of 7B."""
    layers, width, inner = _sizes(model)
    return layers * (12 * width + 4 * inner) * model.dtype.itemsize


def _sizes(model) -> tuple[int, int, int]:
    """Number of layers, width, and the width within a layer's feed-forward part."""
    config = model.config.get_text_config()
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    return config.num_hidden_layers, config.hidden_size, max(inner) if isinstance(inner, list) else inner


@cache
def saturating_rows(device_type: str, dtype: torch.dtype) -> int:
    """Rows at which a matrix product reaches 90 % of its best rate on this machine; timed once, in 0.1 s."""
    square = torch.ones(WIDTH, WIDTH, device=device_type, dtype=dtype)
    most = 1024 if device_type == "cpu" else MOST_TOKENS
    sizes = [rows for rows in (2**n for n in range(5, 16)) if rows <= most]
    rates = {rows: rows / _seconds(square.new_ones(rows, WIDTH), square) for rows in sizes}
    return next(rows for rows in sizes if rates[rows] >= GOOD * max(rates.values()))


def _seconds(left: torch.Tensor, right: torch.Tensor) -> float:
    """Time of one product, the fastest of four after one to warm up."""
    times = []
    for _ in range(5):
        _synchronize(left.device)
        started = perf_counter()
        torch.nn.functional.linear(left, right)
        _synchronize(left.device)
        times.append(perf_counter() - started)
    return min(times[1:])


def _synchronize(device: torch.device) -> None:
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


class Passes:
    """Counts the sequences that go through a model. on_forward hears of each pass before it begins, with the
    number of its sequences; it may raise to end the run. Threads announce theirs one after the other. shared:
    others wait for the models between passes, as on_forward said last."""

    def __init__(self, on_forward: OnForward | None = None):
        self.on_forward: OnForward = on_forward or (lambda rows: None)
        self.total, self.shared = 0, False
        self._announcing = Lock()

    def announce(self, rows: int) -> None:
        with self._announcing:
            self.shared = bool(self.on_forward(rows))
            self.total += rows


class Batch(Generic[Items]):
    """Items to evaluate at once, in a `with` block. Where memory runs out there, the block ends quietly."""

    def __init__(self, items: Items):
        self.items: Items = items
        self.fitted = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error: BaseException | None, trace) -> bool:
        """Raises OutOfMemory where memory does not hold a single item."""
        self.fitted = error is None
        if error is None or not is_out_of_memory(error):
            return False
        if len(self.items) == 1:
            raise OutOfMemory(
                "Memory ran out on a single sequence. Choose a smaller model, a shorter prompt or fewer "
                "new tokens."
            ) from error
        return True


class Batches:
    """Cuts work into batches. One that memory cannot hold is given again in halves, as are those after it.
    While others wait between passes they are a quarter as large, which costs a few per cent of the speed.

    `for batch in batches.of(items, size): with batch: evaluate(batch.items)`
    """

    def __init__(self, passes: Passes | None = None):
        self._passes = passes or Passes()
        self.largest: int | None = None  # what memory has turned out to allow

    def of(self, items: Items, size: int) -> Iterator[Batch[Items]]:
        done = 0
        while done < len(items):
            rows = max(1, size // SHORTER) if self._passes.shared else size
            batch = Batch(items[done : done + min(rows, self.largest or rows)])
            yield batch
            if batch.fitted:
                done += len(batch.items)
            else:
                self.largest = len(batch.items) // 2
                _free()


def _free() -> None:
    gc.collect()  # what the failed pass held; its frames are gone with the exception
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether any of torch's allocators, or Python's, has run out."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )
