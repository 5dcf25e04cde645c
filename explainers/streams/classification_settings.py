"""Settings of a classification that the API takes among its options, beside those of the method."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from explainers.core.errors import MaskwiseError
from explainers.measures.faithfulness import ORDERS, VALUES
from explainers.streams.checks import check_choice, check_range
from explainers.targets.base import MaskOperator
from explainers.text.spans import Granularity

MAX_K, MAX_WORDS_PER_CLASS = 1000, 30
MAX_EXAMPLES = 200
MAX_EXAMPLE_CHARS = 2000


@dataclass(frozen=True)
class Settings:
    """granularity: what a span is. k: how many spans a search removes, at most. mask_operator: what a removed
    span becomes while the method runs (both curves always use the unknown token). words_per_class: of the
    task's own label words, 1 to 30. examples: class → labelled texts, for the verbalizers that learn from
    some; the task's own where empty. pruning_order, pruning_values: as in `pruning_curve`.
    """

    granularity: str = "token"
    mask_operator: str = "replace"
    k: int = 3
    words_per_class: int = 1
    examples: dict[str, list[str]] = field(default_factory=dict)
    pruning_order: str = "absolute"
    pruning_values: str = "probabilities"

    @classmethod
    def names(cls) -> set[str]:
        return {f.name for f in fields(cls)}

    def check_examples(self, labels: list[str]) -> None:
        """Raise MaskwiseError unless each of the classes has examples, or none are given."""
        if not self.examples:
            return
        if sorted(self.examples) != sorted(labels):
            raise MaskwiseError(f"examples must hold texts of each class: {', '.join(labels)}.")
        if sum(map(len, self.examples.values())) > MAX_EXAMPLES:
            raise MaskwiseError(f"examples are limited to {MAX_EXAMPLES} texts in all. Leave some out.")


def read_settings(options: dict) -> Settings:
    """Those of the options that are settings, checked; raises MaskwiseError."""
    settings = Settings(**{name: options[name] for name in Settings.names() if name in options})
    check_choice("granularity", settings.granularity, list(Granularity))
    check_choice("mask_operator", settings.mask_operator, list(MaskOperator))
    check_choice("pruning_order", settings.pruning_order, ORDERS)
    check_choice("pruning_values", settings.pruning_values, VALUES)
    check_range("k", settings.k, 1, MAX_K)
    check_range("words_per_class", settings.words_per_class, 1, MAX_WORDS_PER_CLASS)
    if not isinstance(settings.examples, dict):
        raise MaskwiseError('examples must be an object of classes and texts, such as {"sports": ["…"]}.')
    for texts in settings.examples.values():
        if not isinstance(texts, list | tuple) or not texts or not all(_is_example(text) for text in texts):
            raise MaskwiseError(
                f"examples must hold, for each class, a list of texts of 1 to {MAX_EXAMPLE_CHARS} characters."
            )
    return settings


def _is_example(text) -> bool:
    return isinstance(text, str) and bool(text.strip()) and len(text) <= MAX_EXAMPLE_CHARS
