"""Values that cross between explainers and the page. Plain Python: no tensors."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

Mask = tuple[int, ...]  # one value per span: 1 keep, 0 remove
Piece = tuple[str, str]  # (kind, text) of a rendered prompt
# Called with the number of sequences before each pass; may raise Stopped. True where others wait for the
# model between passes, which then are short.
OnForward = Callable[[int], bool | None]


def mask_without(spans: int, removed: Collection[int]) -> Mask:
    """The mask that removes these of a number of spans, and keeps all others."""
    return tuple(int(t not in removed) for t in range(spans))


def removed_spans(mask: Mask) -> list[int]:
    """The numbers of the spans that a mask removes, in order."""
    return [t for t, kept in enumerate(mask) if not kept]


class Phase(StrEnum):
    """What a search is at: it looks for a set, or for a proof that there is no better one."""

    FIND = "find"
    PROVE = "prove"


class Task(StrEnum):
    GENERATION = "generation"
    CLASSIFICATION = "classification"


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """One unit that can be masked: a token, a word or a sentence, identified by its place.

    chars: [start, end) in the person's own text. positions: token positions in `Prompt.input_ids`.
    """

    text: str
    chars: tuple[int, int]
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered template and the spans of it that belong to the person's own text.

    input_ids: L token ids. Positions outside every span (chat template, system prompt, cloze
    template, white space) can never be masked. pieces: the rendered prompt in order, (kind, text), kind being
    mark (a special token), template, system or text. notes: what was done to it, in sentences. date: the day
    that the template writes, YYYY-MM-DD, empty where it writes none.
    """

    text: str
    input_ids: tuple[int, ...]
    spans: tuple[TokenSpan, ...]
    pieces: tuple[Piece, ...] = ()
    notes: tuple[str, ...] = ()
    date: str = ""

    @property
    def rendered(self) -> str:
        """What the model reads, as text."""
        return "".join(text for _, text in self.pieces)


@dataclass(frozen=True, slots=True)
class SearchStep:
    """State of a search after one proposal. log-probabilities in nats; mask: 1 keep, 0 remove.

    log_prob belongs to `mask` (the best so far), proposal_log_prob to `proposed_mask` (the one just tried).
    checked: during a proof, how many of the masks it asks for have been tried, and how many there are.
    """

    step: int
    total: int
    mask: Mask
    log_prob: float
    proposal_log_prob: float
    accepted: bool
    proposed_mask: Mask
    phase: Phase = Phase.FIND
    checked: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Interaction:
    """Spans that act together, by their indices in order, and how strongly, in nats.

    Of two: below zero one stands in for the other, above zero they reinforce each other.
    """

    members: tuple[int, ...]
    nats: float


@dataclass(frozen=True, slots=True)
class Unproved:
    """What a proof left out: how many of the sets that it asks for were not tried.

    options: those with which a run of the same method tries them as well; None where there are none.
    """

    left: int
    wanted: int
    options: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One signed score per span (positive supports the target) and the mask of the removed spans.

    mask: 1 keep, 0 remove; k zeros. seconds: wall time of the method. evaluations: masks (or
    gradient passes) asked for; distinct_masks: those that went through the model. notes: what a reader
    must know about these scores, in sentences. certificate: what is known of the removed set among all of
    its size, in a sentence; optimality_gap: nats by which log p exceeds the lowest, where that is known.
    final: False where the method goes on, to prove this result or to find a better one. interactions: sets of
    spans that the method found to act together, the strongest first. hops: of a method that goes back to the
    prompt in steps, what each step adds to the scores, a row per step. score_meaning: a sentence where the
    scores are others than the method's own, as after a Stop. unproved: of a proof that is not whole.
    """

    method: str
    spans: tuple[TokenSpan, ...]
    scores: tuple[float, ...]
    mask: Mask
    seconds: float = 0.0
    evaluations: int = 0
    notes: tuple[str, ...] = ()
    certificate: str = ""
    distinct_masks: int = 0
    optimality_gap: float | None = None
    final: bool = True
    interactions: tuple[Interaction, ...] = ()
    hops: tuple[tuple[float, ...], ...] = ()
    score_meaning: str = ""
    unproved: Unproved | None = None

    def __post_init__(self):
        if not len(self.scores) == len(self.mask) == len(self.spans):
            raise ValueError(f"{len(self.scores)} scores, {len(self.mask)} masks, {len(self.spans)} spans")


@dataclass(frozen=True, slots=True)
class MetricScore:
    """One measure of an explanation."""

    name: str
    value: float
    lower_is_better: bool
