"""What visitors ask, what an answer of the server says, and what the same question gives computed alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.setting import OWN_PROMPTS, read_prompts
from explainers.streams import classification, comparison, generation, what_if
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.requests.generation import GenerationRequest

EXAMPLE = Path(__file__).parents[2] / "assets" / "examples" / "generation.json"
NEW_TOKENS = 8
METHODS = (
    ("xprompt", {"iterations": 10}),
    ("best_within_budget", {"budget": 20}),
    ("feature_ablation", {}),
    ("gradient_x_input", {}),
)
COMPARED = ("feature_ablation", "gradient_x_input")
TEXTS = ("The film was a delight from start to end.", "Shares fell after the bank cut its forecast.")
CLOSE = 2e-3  # nats: other batches round otherwise


@dataclass(frozen=True)
class Question:
    """A call of the API. settings: as JSON, so that equal questions are equal."""

    call: str
    settings: str

    @property
    def named(self) -> dict[str, Any]:
        return json.loads(self.settings)

    def alone(self) -> dict:
        """The last event of the stream, computed here, by nobody else's side."""
        if self.call == "explain_generation":
            *_, last = generation.run(GenerationRequest(**self.named))
        elif self.call == "explain_classification":
            *_, last = classification.run(ClassificationRequest(**self.named))
        else:
            *_, last = comparison.compare(ComparisonRequest(**self.named))
        return dict(last)


@dataclass(frozen=True)
class Click:
    """Words of the page's stored example that are removed in What if."""

    removed: tuple[int, ...]

    def alone(self) -> dict:
        return dict(what_if.removal(example(), list(self.removed)))


@cache
def example() -> dict:
    """The explanation that a fresh page shows."""
    return json.loads(EXAMPLE.read_text(encoding="utf-8"))["events"][-1]


def agree(said: Any, alone: Any) -> bool:
    """Whether two results are equal but for how their numbers were rounded, and what a run costs."""
    if isinstance(said, dict) and isinstance(alone, dict):
        shared = said.keys() & alone.keys() - COSTS
        if None in (said.get(GAP), alone.get(GAP)):
            shared -= {GAP}
        return all(agree(said[name], alone[name]) for name in shared)
    if isinstance(said, list | tuple) and isinstance(alone, list | tuple):
        return len(said) == len(alone) and all(map(agree, said, alone))
    if {type(said), type(alone)} in ({float}, {float, int}):
        return abs(said - alone) <= CLOSE * max(1.0, abs(alone))
    return said == alone


COSTS = {"seconds", "evaluations", "distinct_masks", "forward_passes", "notes", "rows", "model", "rendered"}
GAP = "optimality_gap"  # known only where all other sets have been tried, by runs before as well


class Pool:
    """Questions without end: fresh ones, and the one that everybody asks just now.

    model: of the generations and comparisons.
    """

    def __init__(self, model: str = "", seed: int = 0):
        self._model, self._random, self._numbers = model, Random(seed), count(1)
        self._prompts = [text for text in read_prompts(str(OWN_PROMPTS)) if len(text.split()) < 16]
        self._common: Question | None = None
        self._asked = 0

    def fresh(self) -> Question:
        """One that nobody has asked before, nine in ten of them a generation."""
        number = next(self._numbers)
        if number % 10 == 0:
            settings = {"text": TEXTS[number % 2], "task": "sst2", "method": "feature_ablation"}
            return _question("explain_classification", settings | {"seed": number})
        shared = {"prompt": self._random.choice(self._prompts), "model": self._model, "seed": number}
        shared |= {"k": self._random.randint(1, 4), "max_new_tokens": NEW_TOKENS}
        if number % 15 == 0:
            return _question("compare_methods", shared | {"methods": [*COMPARED]})
        method, options = self._random.choice(METHODS)
        return _question("explain_generation", shared | {"method": method, "options": options})

    def common(self) -> Question:
        """What eight visitors ask one after the other, as a class does from one link."""
        if self._common is None or self._asked % 8 == 0:
            self._common = self.fresh()
        self._asked += 1
        return self._common

    def removed(self) -> set[int]:
        """What a fresh page removes in What if."""
        return {index for index, span in enumerate(example()["spans"]) if span["removed"]}

    def word(self) -> int:
        """One that is clicked there."""
        return self._random.randrange(len(example()["spans"]))


def _question(call: str, settings: dict) -> Question:
    return Question(call, json.dumps(settings, sort_keys=True))
