"""Run a study: what is missing of its parts, here or on a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

from explainers.core.types import Task
from explainers.models.held import load_model
from explainers.streams.report import LIBRARIES
from studies.measuring.classification import Subjects, classification_rows
from studies.measuring.generation import generation_rows
from studies.progress import Progress
from studies.results.store import Row, Store
from studies.study import AnyStudy, GenerationStudy
from studies.units import Unit, units_of


class Worker:
    """One model on its device, and what makes rows of a part with it."""

    def __init__(self, study: AnyStudy):
        self.study = study
        self.loaded = load_model(study.model, Task(study.task), device=study.device or None)
        self._subjects = None if isinstance(study, GenerationStudy) else Subjects(study, self.loaded)

    def rows(self, unit: Unit) -> list[Row]:
        if isinstance(self.study, GenerationStudy):
            return list(generation_rows(self.study, unit, self.loaded))
        assert self._subjects
        return list(classification_rows(self.study, unit, self._subjects))


def run(study: AnyStudy, published: AnyStudy, folder: Path, ray: str = "") -> Store:
    """Do the parts that are missing; those of equal settings are taken as they are.

    published: the declared study, whose settings these may depart from. ray: address of a cluster, "auto" for
    the one at hand or else one of this machine; empty to run here.
    """
    units, texts = units_of(study)
    versions = {name: version(name) for name in LIBRARIES}
    store = Store(folder, study, study.digest(texts, versions))
    store.begin(published, versions)
    done = store.done()
    missing = [unit for unit in units if unit.name not in done]
    progress = Progress(len(missing), len(units) - len(missing))
    for unit, rows in _rows_of(study, missing, ray):
        store.write(unit, rows)
        progress.step(f"{study.name}, {unit.data}")
    return store


def _rows_of(study: AnyStudy, units: list[Unit], ray: str) -> Iterable[tuple[Unit, list[Row]]]:
    if not units:
        return ()
    if ray:
        from studies.cluster import spread

        return spread(study, units, ray)
    return _rows_here(Worker(study), units)


def _rows_here(worker: Worker, units: list[Unit]) -> Iterator[tuple[Unit, list[Row]]]:
    for unit in units:
        yield unit, worker.rows(unit)
