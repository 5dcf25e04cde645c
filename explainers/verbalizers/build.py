"""Make the verbalizer of a task: its words, its example texts, and what the model reads in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward
from explainers.models.loaded import LoadedModel
from explainers.targets.mlm_head import read_masks
from explainers.text.tasks import SENTIMENT, ClassificationTask, unlabelled_texts
from explainers.text.templates import render_cloze
from explainers.verbalizers.base import Verbalizer, WordVerbalizer
from explainers.verbalizers.knowledgeable import (
    RARE_SENTIMENT,
    RARE_TOPIC,
    expand,
    few_shot_verbalizer,
    knowledgeable_verbalizer,
)
from explainers.verbalizers.prototypical import prototypical_verbalizer
from explainers.verbalizers.soft import soft_verbalizer
from explainers.verbalizers.whole_words import whole_word_verbalizer
from explainers.verbalizers.words import LabelWords, build_word_verbalizer, named_notes

ANCHORS = 10  # words per class that its expansion starts from


@dataclass(frozen=True)
class VerbalizerInputs:
    """What a verbalizer is made from. given: the label words as the person gave them; {} for the task's own.

    examples: label → labelled texts, those of the person or else of the task; may be empty.
    """

    loaded: LoadedModel
    task: ClassificationTask
    template: str
    label_words: LabelWords
    given: dict[str, Any]
    examples: dict[str, list[str]]
    seed: int = 0
    on_forward: OnForward | None = None

    def read(self, texts: Sequence[str], hidden: bool = False) -> torch.Tensor:
        """What the head gives at <mask> of each text in the template, (N, V) or (N, d)."""
        clozes = [render_cloze(self.loaded, self.template, text) for text in texts]
        return read_masks(self.loaded, clozes, hidden, self.on_forward)

    def labelled(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden states at <mask> of the labelled texts, (N, d), and their classes, (N,)."""
        rows = [(text, c) for c, label in enumerate(self.label_words) for text in self.examples[label]]
        return self.read([text for text, _ in rows], hidden=True), torch.tensor([c for _, c in rows])


def _manual(inputs: VerbalizerInputs) -> WordVerbalizer:
    return build_word_verbalizer(inputs.loaded, inputs.label_words)


def _whole_words(inputs: VerbalizerInputs) -> Verbalizer:
    return whole_word_verbalizer(inputs.loaded, inputs.label_words)


def _many_words(inputs: VerbalizerInputs) -> LabelWords:
    """The person's own words, else the task's and those of the vocabulary that are closest to them."""
    return inputs.label_words if inputs.given else expand(inputs.loaded, inputs.task.label_words(ANCHORS))


def _knowledgeable_few_shot(inputs: VerbalizerInputs) -> Verbalizer:
    return few_shot_verbalizer(inputs.loaded, _many_words(inputs))


def _knowledgeable(inputs: VerbalizerInputs) -> Verbalizer:
    rare = RARE_SENTIMENT if inputs.task.texts == SENTIMENT else RARE_TOPIC
    texts = [text for of_class in inputs.examples.values() for text in of_class]
    logits = inputs.read(texts or unlabelled_texts(inputs.task))
    return knowledgeable_verbalizer(inputs.loaded, _many_words(inputs), logits, rare)


def _prototypical(inputs: VerbalizerInputs) -> Verbalizer:
    if not inputs.examples:
        raise MaskwiseError(
            "The prototypical verbalizer needs labelled texts of each class. Give some, or choose another."
        )
    words = [of_class[:1] for of_class in inputs.label_words.values()]
    generator = torch.Generator().manual_seed(inputs.seed)
    return prototypical_verbalizer(list(inputs.label_words), words, *inputs.labelled(), generator)


def _soft(inputs: VerbalizerInputs) -> Verbalizer:
    examples = inputs.labelled() if inputs.examples else ()
    return soft_verbalizer(inputs.loaded.model, _manual(inputs), *examples)


VERBALIZERS = {
    "manual": _manual,
    "whole_words": _whole_words,
    "knowledgeable": _knowledgeable,
    "knowledgeable_few_shot": _knowledgeable_few_shot,
    "prototypical": _prototypical,
    "soft": _soft,
}


def build_verbalizer(name: str, inputs: VerbalizerInputs) -> Verbalizer:
    """The verbalizer of that name, one of VERBALIZERS; raises MaskwiseError where it cannot be made."""
    verbalizer = VERBALIZERS[name](inputs)
    verbalizer.notes = (*named_notes(inputs.given), *verbalizer.notes)
    return verbalizer
