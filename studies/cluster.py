"""Spread a study over a Ray cluster: a worker per model and device; the next part goes to the first one free.

Ray is an extra (requirements-studies.txt) and imported here alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from typing import Any

from explainers.core.errors import MaskwiseError
from studies.results.store import Row
from studies.study import AnyStudy
from studies.units import Unit

MOST_LOSSES = 3  # of one part: whatever ends its worker that often is the part itself
log = logging.getLogger("maskwise")


def spread(study: AnyStudy, units: list[Unit], address: str) -> Iterator[tuple[Unit, list[Row]]]:
    """Each part with its rows, as they come. A lost worker's part is done again by another."""
    ray = _connected(address)
    try:
        yield from _Pool(ray, study, _workers(ray, len(units))).results(units)
    finally:
        ray.shutdown()


def _connected(address: str):
    try:
        import ray
    except ImportError:
        raise MaskwiseError("--ray needs Ray: pip install -r requirements-studies.txt.") from None
    quiet: dict[str, Any] = {
        "log_to_driver": False,
        "logging_level": logging.WARNING,
        "ignore_reinit_error": True,
    }
    try:
        try:
            ray.init(address=address, **quiet)
        except ConnectionError:
            if address != "auto":
                raise
            ray.init(include_dashboard=False, **quiet)  # of this machine alone
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise MaskwiseError(
            f"There is no Ray cluster at {address}: {error}. Start one with ray start --head, or "
            "give --ray auto."
        ) from error
    return ray


def _workers(ray, units: int) -> int:
    """As many as there are GPUs, or else cores, and no more than parts."""
    there = ray.cluster_resources()
    return max(1, min(units, int(there.get("GPU", 0) or there.get("CPU", 1))))


class _Pool:
    """Actors that hold a model each."""

    def __init__(self, ray, study: AnyStudy, count: int):
        self.ray, self.study = ray, study
        gpus = 1 if ray.cluster_resources().get("GPU") else 0
        self._make = ray.remote(num_cpus=1, num_gpus=gpus)(_Worker)
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[Any, Unit]] = {}
        self._count = count

    def results(self, units: list[Unit]) -> Iterator[tuple[Unit, list[Row]]]:
        waiting, losses = list(reversed(units)), dict.fromkeys(units, 0)
        self._idle = [self._make.remote(self.study) for _ in range(self._count)]
        while waiting or self._busy:
            while waiting and self._idle:
                self._give(waiting.pop())
            (ready, *_), _ = self.ray.wait(list(self._busy), num_returns=1)
            worker, unit = self._busy.pop(ready)
            try:
                rows = self.ray.get(ready)
            except self.ray.exceptions.RayActorError as error:
                losses[unit] += 1
                if losses[unit] >= MOST_LOSSES:
                    raise MaskwiseError(
                        f"{losses[unit]} workers were lost on {unit.name}: {error}. Give each more memory, "
                        "or leave that prompt out."
                    ) from error
                log.warning("A worker was lost on %s, which is done again", unit.name)
                waiting.append(unit)
                self._idle.append(self._make.remote(self.study))
                continue
            except self.ray.exceptions.RayTaskError as error:
                raise _cause(error) from error
            self._idle.append(worker)
            yield unit, rows

    def _give(self, unit: Unit) -> None:
        worker = self._idle.pop()
        self._busy[worker.rows.remote(unit)] = worker, unit


class _Worker:
    """As `studies.run.Worker`, in a process of its own; it says its own process for whoever watches it."""

    def __init__(self, study: AnyStudy):
        import torch

        from studies.run import Worker

        if not torch.cuda.is_available():
            torch.set_num_threads(1)
        self._worker = Worker(study)

    def rows(self, unit: Unit) -> list[Row]:
        return self._worker.rows(unit)

    def process(self) -> int:
        return os.getpid()


def _cause(error) -> Exception:
    return error.cause if isinstance(error.cause, MaskwiseError) else error
