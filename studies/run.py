"""Run a study: what is missing of its parts, here or on a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from explainers.core.types import Task
from explainers.models.held import load_model
from explainers.streams.report import library_versions
from studies.departures import departures
from studies.measuring.classification import Subjects, classification_rows
from studies.measuring.generation import check_requests, generation_rows
from studies.progress import Progress, say
from studies.results.store import Row, Store
from studies.study import AnyStudy, DataSet, GenerationStudy
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


@dataclass(frozen=True)
class Plan:
    """What a study comes to: its parts, and where their rows are kept. versions: of the libraries."""

    study: AnyStudy
    units: list[Unit]
    store: Store
    versions: dict[str, str]

    def missing(self) -> list[Unit]:
        done = self.store.done()
        return [unit for unit in self.units if unit.name not in done]

    def said(self, published: AnyStudy) -> str:
        """In lines for the person. published: the declared study."""
        study, count = self.study, len(self.units)
        done = count - len(self.missing())
        lines = [
            f"{study.name}: {study.title}",
            f"Model: {model_of(study)}",
            *(f"Data: {self._data(data)}" for data in study.data),
            f"Methods: {', '.join(study.methods)}",
            f"Parts, each a prompt and a seed with all methods: {count}, of which {done} are there",
            f"Results: {self.store.folder}",
        ]
        departing = [f"  {line}" for line in departures(study, published)]
        return "\n".join([*lines, *(["Departs from what was published:", *departing] if departing else [])])

    def _data(self, data: DataSet) -> str:
        items = {unit.item for unit in self.units if unit.data == data.name}
        words = [len(item.text.split()) for item in items]
        return f"{data.name}, {len(items)} of {data.source}, of {min(words)} to {max(words)} words"


def planned(study: AnyStudy, folder: Path) -> Plan:
    """The study's parts, once its data are read; nothing is written. Raises MaskwiseError."""
    units, texts = units_of(study)
    if isinstance(study, GenerationStudy):
        check_requests(study, units[0])
    versions = library_versions()
    return Plan(study, units, Store(folder, study, study.digest(texts, versions)), versions)


def run(study: AnyStudy, published: AnyStudy, folder: Path, ray: str = "") -> Store:
    """Do the parts that are missing; those of equal settings are taken as they are.

    published: the declared study, whose settings these may depart from. ray: address of a cluster, "auto" for
    the one at hand or else one of this machine; empty to run here.
    """
    plan = planned(study, folder)
    missing = plan.missing()
    done = _rows_of(study, missing, ray)  # the model is loaded before anything is written
    plan.store.begin(published, plan.versions)
    progress = Progress(len(missing), len(plan.units) - len(missing))
    for unit, rows in done:
        plan.store.write(unit, rows)
        progress.step(f"{study.name}, {unit.data}")
    return plan.store


def _rows_of(study: AnyStudy, units: list[Unit], ray: str) -> Iterable[tuple[Unit, list[Row]]]:
    if not units:
        return ()
    if ray:
        from studies.cluster import spread

        say(f"Ray starts; each of its workers loads {model_of(study)}")
        return spread(study, units, ray)
    say(f"Loading {model_of(study)}")
    return _rows_here(Worker(study), units)


def _rows_here(worker: Worker, units: list[Unit]) -> Iterator[tuple[Unit, list[Row]]]:
    for unit in units:
        yield unit, worker.rows(unit)


def model_of(study: AnyStudy) -> str:
    return study.model or "the built-in model"
