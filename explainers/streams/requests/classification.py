"""What a classification is asked for, checked before anything is loaded."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Annotated, Any

from annotated_types import MaxLen
from pydantic import BeforeValidator

from explainers.core.base import EXPLAINERS, Explainer, explainers_for, read_options
from explainers.core.errors import MaskwiseError
from explainers.core.requests import AllowedText, Seed, allowed, between, one_of, request
from explainers.core.types import Task
from explainers.measures.faithfulness import ORDERS, VALUES
from explainers.targets.masked_prompt import MaskOperator
from explainers.text.spans import Granularity
from explainers.text.tasks import TASKS, find_task
from explainers.text.templates import MAX_TEMPLATE_CHARS, split_template
from explainers.verbalizers.build import VERBALIZERS
from explainers.verbalizers.words import MAX_LABEL_CHARS, LabelWords, find_label, read_label_words

MAX_NAME_CHARS, MAX_WORDS_PER_CLASS = 1_000, 30
MAX_EXAMPLES, MAX_EXAMPLE_CHARS = 200, 2000


def _check_examples(examples):
    """The examples as lists; raises MaskwiseError unless they are texts by class."""
    if not isinstance(examples, dict):
        raise MaskwiseError('examples must be an object of classes and texts, such as {"sports": ["…"]}.')
    for texts in examples.values():
        if not isinstance(texts, list | tuple) or not texts or not all(map(_is_example, texts)):
            raise MaskwiseError(
                f"examples must hold, for each class, a list of texts of 1 to {MAX_EXAMPLE_CHARS} characters."
            )
    return {label: list(texts) for label, texts in examples.items()}


def _is_example(text) -> bool:
    return isinstance(text, str) and bool(text.strip()) and len(text) <= MAX_EXAMPLE_CHARS


@request
class Settings:
    """granularity: what a span is. k: how many spans a search removes, at most. mask_operator: what a removed
    span becomes while the method runs (both curves always use the unknown token). words_per_class: of the
    task's own label words, 1 to 30. examples: class → labelled texts, for the verbalizers that learn from
    some; the task's own where empty. pruning_order, pruning_values: as in `pruning_curve`.
    """

    granularity: Annotated[str, one_of(lambda: Granularity)] = "token"
    mask_operator: Annotated[str, one_of(lambda: MaskOperator)] = "replace"
    k: Annotated[int, allowed(lambda here: here.k)] = 3
    words_per_class: Annotated[int, between(1, MAX_WORDS_PER_CLASS)] = 1
    examples: Annotated[dict[str, list[str]], BeforeValidator(_check_examples)] = field(default_factory=dict)
    pruning_order: Annotated[str, one_of(lambda: ORDERS)] = "absolute"
    pruning_values: Annotated[str, one_of(lambda: VALUES)] = "probabilities"

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
    return Settings(**{name: options[name] for name in Settings.names() if name in options})


@request
class ClassificationRequest:
    """What to explain and how; the names are those of the API. Raises MaskwiseError where it cannot be.

    template, label_words: "" and {} for the task's own; label_words of some classes replace theirs alone.
    label: "" for the predicted class. options: those of the method, and those of Settings.
    """

    text: AllowedText
    task: Annotated[str, one_of(lambda: TASKS)] = "ag_news"
    model: Annotated[str, MaxLen(MAX_NAME_CHARS)] = ""
    method: Annotated[str, one_of(lambda: explainers_for(Task.CLASSIFICATION))] = "prompt_explainer"
    template: Annotated[str, MaxLen(MAX_TEMPLATE_CHARS)] = ""
    label_words: dict[str, Any] = field(default_factory=dict)
    label: Annotated[str, MaxLen(MAX_LABEL_CHARS)] = ""
    verbalizer: Annotated[str, one_of(lambda: VERBALIZERS)] = "manual"
    seed: Seed = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        split_template(self.used_template())
        labels = list(self.words())
        self.settings().check_examples(labels)
        self.explainer(spans=1)
        if self.label:
            find_label(self.label, labels)

    def used_template(self) -> str:
        return self.template.strip() or find_task(self.task).templates[0]

    def settings(self) -> Settings:
        return read_settings(self.options)

    def explainer(self, spans: int) -> Explainer:
        """The method with its options, for a text of that many spans."""
        method = EXPLAINERS[self.method]
        own = {name: value for name, value in self.options.items() if name not in Settings.names()}
        return method(read_options(method, own, min(self.settings().k, spans), self.seed))

    def words(self) -> LabelWords:
        """The classes and their words: the task's, with those given in their place."""
        task = find_task(self.task)
        own = task.label_words(self.settings().words_per_class)
        if not own:
            return read_label_words(self.label_words)
        given = {find_label(label, list(own)): words for label, words in self.label_words.items()}
        return read_label_words(own | given)
