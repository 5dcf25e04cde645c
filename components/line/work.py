"""What a job runs, and how its results are found again."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.line.lent_gpu import Stream
from components.line.results import RESULTS, Model
from explainers.core.deployment import deployment
from explainers.core.types import Task
from explainers.models import held
from explainers.models.catalogue import BUILTIN
from explainers.streams.events.shared import Event


@dataclass(frozen=True)
class Work:
    """What a job runs.

    stream: takes on_forward and returns an iterator of events. It is called before the wait, so that a
    request that cannot be is refused at once. kind, size: as in `pace`. model, task: what to load before the
    turn comes, so that nobody waits for a download; none where task is None. short: it goes between the
    passes of a long job. question: as `results.question` gives it; with the model it decides all events, so
    that equal works are one job and its result is kept. "" for none. kept: False where a run leaves more
    behind than its events. max_seconds: with the models, at most.
    """

    stream: Stream
    kind: str
    model: str = ""
    task: Task | None = None
    short: bool = False
    question: str = ""
    kept: bool = True
    max_seconds: float = field(default_factory=lambda: deployment().max_seconds)
    size: float = 1.0

    @property
    def asked(self) -> tuple[str, str]:
        """Question and model; the built-in model has two names."""
        is_builtin = self.task is not None and self.model == BUILTIN[self.task].id
        return self.question, "" if is_builtin else self.model

    @property
    def pace(self) -> str:
        """Works of one pace take about equally long for each unit of their size: a kind, on a model."""
        return " ".join(filter(None, [self.kind, self.asked[1]]))

    def builtin(self) -> Model | None:
        """The model where it is known without loading it."""
        return held.builtin_version(self.model, self.task) if self.task else None

    def result(self) -> list[Event]:
        """Events that are kept of an equal work by the built-in model; [] for none."""
        return self.result_by(self.builtin())

    def result_by(self, model: Model | None) -> list[Event]:
        return RESULTS.find(self.question, model) if self.kept else []

    def keep(self, model: Model | None, events: list[Event]) -> None:
        """Keep its events for equal works by this model."""
        if self.kept:
            RESULTS.keep(self.question, model, events)
