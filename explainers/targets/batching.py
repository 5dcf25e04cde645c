"""How many sequences go through a model at once: sized to processor and memory, halved when that runs out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from time import perf_counter

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.models.memory import available_bytes

WIDTH = 1024  # of the square matrices that are timed
MOST_TOKENS = 2**15
PER_SATURATION = 4  # small kernels and launches need more rows to be hidden than a matrix product does
FEWEST_TOKENS = 512
MOST_ROWS = 64
GOOD = 0.9  # of the best rate


def batch_rows(model, positions: int) -> int:
    """Sequences of `positions` recomputed tokens to put through a model at once, at least 1.

    Enough tokens to keep the processor busy, in at most half of the memory that is free.
    """
    device, dtype = model.device, model.dtype
    busy = max(FEWEST_TOKENS, PER_SATURATION * saturating_rows(device.type, dtype)) // positions
    free = int(available_bytes(device)) // (2 * positions * bytes_per_token(model))
    return max(1, min(busy, free, MOST_ROWS))


def bytes_per_token(model) -> int:
    """Memory that one token takes in a forward pass: keys and values, and a layer's activations, roughly."""
    config = model.config.get_text_config()
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    values = (2 * config.num_hidden_layers + 8) * config.hidden_size + 3 * inner
    return values * model.dtype.itemsize


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


class Batches:
    """Cuts work into batches. One that memory cannot hold is halved and tried again, as are those after."""

    def __init__(self):
        self.largest: int | None = None  # what memory has turned out to allow

    def run(
        self, items: Sequence, size: int, evaluate: Callable[[list], torch.Tensor]
    ) -> Iterator[tuple[list, torch.Tensor]]:
        """Yield each batch with what `evaluate` gives for it.

        Raises MaskwiseError where memory does not hold a single item.
        """
        rest = list(items)
        while rest:
            batch = rest[: min(size, self.largest or size)]
            values = self._try(batch, evaluate)
            if values is not None:
                rest = rest[len(batch) :]
                yield batch, values

    def _try(self, batch: list, evaluate: Callable[[list], torch.Tensor]) -> torch.Tensor | None:
        try:
            return evaluate(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if len(batch) == 1:
                raise MaskwiseError(
                    "Memory ran out on a single sequence. Choose a smaller model, a shorter prompt or fewer "
                    "new tokens."
                ) from error
            self.largest = len(batch) // 2
        gc.collect()  # what the failed pass held; its frames are gone with the exception
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether any of torch's allocators, or Python's, has run out."""
    text = str(error).lower()
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )
