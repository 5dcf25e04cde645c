"""The protocol every explainer follows, its options, and the registry."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from dataclasses import Field, dataclass, field, fields
from time import perf_counter
from typing import Any, ClassVar, Generic

from explainers.core.deferred_torch import torch
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError, shown
from explainers.core.target import TargetT
from explainers.core.types import Explanation, Mask, SearchStep, Task, mask_without

EXPLAINERS: dict[str, type[Explainer]] = {}
MAX_NUMBER = 1e15  # beyond it, and for infinity and NaN, an option is refused whatever its range


def option(default, label: str, info: str = "", *, minimum=None, maximum=None, choices: Sequence[str] = ()):
    """A field of `Options` that carries what a control and the API need to know of it."""
    meta = {"label": label, "info": info, "minimum": minimum, "maximum": maximum, "choices": tuple(choices)}
    return field(default=default, metadata=meta)


def quantity_option(default: str):
    """What a method differentiates: a setting of the gradient methods."""
    return option(
        default,
        "Gradient of",
        "log_prob: log p, as the search lowers it. score: the class's score before softmax, which leaves the "
        "other classes out (classification alone).",
        choices=("log_prob", "score"),
    )


@dataclass(frozen=True)
class Options:
    """Settings common to all methods. k: number of spans to remove."""

    k: int = 3
    seed: int = 0


def read_options(explainer: type[Explainer], values: dict, k: int = 3, seed: int = 0) -> Options:
    """Check untrusted values against the method's own options; raises MaskwiseError."""
    known = explainer.own_options()
    if unknown := sorted(set(values) - set(known)):
        takes = f"it takes: {', '.join(known)}" if known else "it takes none"
        raise MaskwiseError(f"{explainer.title} has no option {shown(unknown[0])}; {takes}.")
    checked = {name: _read_option(f, values.get(name, allowed_default(f))) for name, f in known.items()}
    return explainer.Options(k=k, seed=seed, **checked)


def _read_option(f: Field, value):
    kind: Any = type(f.default)
    meta = f.metadata
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not abs(value) < MAX_NUMBER:  # NaN is not, either
        wanted = f"of type {kind.__name__}, below {MAX_NUMBER:g}"
        raise MaskwiseError(f"Option {f.name} must be {wanted}, not {shown(value)}.")
    whole = number and value == int(value)
    if not {int: whole, float: number}.get(kind, isinstance(value, kind)):
        raise MaskwiseError(f"Option {f.name} must be of type {kind.__name__}, not {shown(value)}.")
    value = kind(value)
    if (choices := meta.get("choices")) and value not in choices:
        raise MaskwiseError(f"Option {f.name} must be one of {', '.join(choices)}, not {shown(value)}.")
    low, high = bounds(f)
    if (low is not None and value < low) or (high is not None and value > high):
        raise MaskwiseError(f"Option {f.name} must lie between {low} and {high}, not {shown(value)}.")
    return value


def bounds(f: Field) -> tuple[float | None, float | None]:
    """The lowest and the highest value of an option; of whole numbers, as high as this deployment allows."""
    low, high = f.metadata.get("minimum"), f.metadata.get("maximum")
    if type(f.default) is int and high is not None:
        high = min(high, deployment().steps)
    return low, high


def allowed_default(f: Field) -> Any:
    """The option's default, or the highest value here where that is lower."""
    default: Any = f.default
    high = bounds(f)[1]
    return default if high is None else min(default, high)


class Explainer(ABC, Generic[TargetT]):
    """One method, of the targets that it can explain: `Explainer[ResponseTarget]`, or any target.

    A method that only scores writes `attribute`; a search overrides `stream`.
    """

    title: ClassVar[str]
    reference: ClassVar[str]
    tasks: ClassVar[frozenset[Task]] = frozenset(Task)
    score_meaning: ClassVar[str] = "Positive supports the target, negative speaks against it."
    Options: ClassVar[type[Options]] = Options

    def __init__(self, options: Options | None = None):  # type: ignore[valid-type]  # the module's class
        self.options: Any = options or self.Options()  # of the method's own Options
        self.notes: list[str] = []  # what a reader must know of the scores, filled by `attribute`
        self.hops: tuple[tuple[float, ...], ...] = ()  # as in Explanation, filled by `attribute`

    def attribute(self, target: TargetT) -> torch.Tensor:
        """One signed score per span, (T,)."""
        raise NotImplementedError

    def plan(self, target: TargetT) -> str:
        """What a person should know before the run, such as how long it takes; "" where there is nothing.

        Raises MaskwiseError where the run would be too long to begin.
        """
        return ""

    def passes(self, spans: int) -> int:
        """About how many sequences this method sends through the model, for progress and time left."""
        return 1

    def passes_until_shown(self, spans: int) -> int:
        """As `passes`, until a result is shown."""
        return self.passes(spans)

    def neutral(self, target: TargetT) -> float:
        """The score of a span that speaks neither for the target nor against it."""
        return 0.0

    def stream(self, target: TargetT) -> Iterator[SearchStep | Explanation]:
        """Yield SearchSteps, if any, and last a final Explanation; others before it are shown at once."""
        started, before, distinct = perf_counter(), target.evaluations, target.distinct_masks
        scores = self.attribute(target)
        yield Explanation(
            method=self.name(),
            spans=target.spans,
            scores=tuple(scores.tolist()),
            mask=top_k_mask(scores, self.options.k),
            seconds=perf_counter() - started,
            evaluations=target.evaluations - before,
            distinct_masks=target.distinct_masks - distinct,
            notes=(*self.notes, *target.notes()),
            hops=self.hops,
        )

    def explain(self, target: TargetT) -> Explanation:
        """Run to the end and return the Explanation alone."""
        *_, last = self.stream(target)
        assert isinstance(last, Explanation)
        return last

    @classmethod
    def name(cls) -> str:
        """The name of its file, by which the API knows it."""
        return cls.__module__.rpartition(".")[2]

    @classmethod
    def own_options(cls) -> dict:
        """Fields beyond k and seed, name → field: those that need a control of their own."""
        return {f.name: f for f in fields(cls.Options) if f.metadata}


def top_k_mask(scores: torch.Tensor, k: int) -> Mask:
    """Remove the k highest-scored spans; ties go to the earlier span. (T,) → T values of 0 or 1."""
    removed = set(scores.argsort(descending=True, stable=True)[:k].tolist())
    return mask_without(len(scores), removed)


def register(cls: type[Explainer]) -> type[Explainer]:
    """Enter a method in EXPLAINERS under the name of its file; a decorator of its class."""
    if cls.name() in EXPLAINERS:
        raise ValueError(f"{cls.name()} is registered twice")
    EXPLAINERS[cls.name()] = cls
    return cls


def explainers_for(task: Task) -> dict[str, type[Explainer]]:
    """The methods of a task, name → class."""
    return {name: cls for name, cls in EXPLAINERS.items() if task in cls.tasks}
