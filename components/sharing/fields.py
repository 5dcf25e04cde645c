"""What a link may carry: the inputs of each tab, with their types and bounds."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite

from components.sharing.round_choice import round_titles
from explainers.core.base import EXPLAINERS, explainers_for, read_options
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.streams.requests.checks import check_text
from explainers.streams.requests.comparison import MAX_DRAWS, MAX_METHODS
from explainers.targets.masked_prompt import MaskOperator
from explainers.text.spans import Granularity
from explainers.text.tasks import TASKS, WORDS_PER_CLASS
from explainers.text.template_choices import Placement, Thinking
from explainers.text.templates import MAX_TEMPLATE_CHARS
from explainers.verbalizers.build import VERBALIZERS

MOST_SEED = 2**31 - 1
MOST_K = 20  # as the page's sliders
MAX_LINES_CHARS = 200_000  # of label words or labelled texts
NAME_CHARS = 1_000


@dataclass(frozen=True)
class Text:
    longest: int

    def read(self, name: str, text: str) -> str:
        check_text(name, text, self.longest)
        if not is_unicode(text):
            raise MaskwiseError(f"{name} holds characters that are no text. Type it anew.")
        return text


@dataclass(frozen=True)
class Whole:
    low: int
    high: int

    def read(self, name: str, text: str) -> int:
        if not re.fullmatch("[0-9]{1,12}", text) or not self.low <= int(text) <= self.high:
            raise MaskwiseError(f"{name} must be a whole number between {self.low} and {self.high}.")
        return int(text)


@dataclass(frozen=True)
class Choice:
    choices: Collection

    def read(self, name: str, text: str):
        for choice in self.choices:
            if str(choice) == text:
                return choice
        raise MaskwiseError(f"{name} must be one of {', '.join(map(str, self.choices))}.")


@dataclass(frozen=True)
class Several:
    """Values between commas, `most` of them at most."""

    each: Whole | Choice
    most: int

    def read(self, name: str, text: str) -> list:
        parts = text.split(",") if text else []
        if len(parts) > self.most:
            raise MaskwiseError(f"{name} is limited to {self.most} values.")
        return [self.each.read(name, part) for part in parts]


Field = Text | Whole | Choice | Several


def tab_fields() -> dict[str, dict[str, Field]]:
    """By the names of tabs, and of the inputs of each, as this deployment bounds them."""
    answer, classification = _answer(), _classification()
    generation = answer | {"method": Choice(explainers_for(Task.GENERATION))}
    methods = Several(Choice(explainers_for(Task.GENERATION)), MAX_METHODS)
    most = deployment().chars
    removed: dict[str, Field] = {"removed": Several(Whole(0, most), most)}
    return {
        "generation": generation,
        "classification": classification,
        "compare": answer | {"methods": methods, "draws": Whole(2, MAX_DRAWS)},
        "what-if": generation | removed,
        "what-if-class": classification | removed,
        "classroom": generation | {"round": Choice(round_titles())},
        "replay": generation,
    }


def _answer() -> dict[str, Field]:
    """The inputs that every explanation of an answer has."""
    here = deployment()
    return {
        "prompt": Text(here.chars),
        "model": Text(NAME_CHARS),
        "k": Whole(1, MOST_K),
        "granularity": Choice([str(each) for each in Granularity]),
        "mask_operator": Choice([str(each) for each in MaskOperator]),
        "max_new_tokens": Whole(1, here.new_tokens),
        "seed": Whole(0, MOST_SEED),
        "response": Text(here.chars),
        "system_prompt": Text(here.chars),
        "system_prompt_placement": Choice([str(each) for each in Placement]),
        "thinking": Choice([str(each) for each in Thinking]),
        "date": Text(NAME_CHARS),
    }


def _classification() -> dict[str, Field]:
    return {
        "text": Text(deployment().chars),
        "task": Choice(TASKS),
        "model": Text(NAME_CHARS),
        "method": Choice(explainers_for(Task.CLASSIFICATION)),
        "template": Text(MAX_TEMPLATE_CHARS),
        "label_words": Text(MAX_LINES_CHARS),
        "words_per_class": Choice(WORDS_PER_CLASS),
        "label": Text(NAME_CHARS),
        "verbalizer": Choice(VERBALIZERS),
        "granularity": Choice([str(each) for each in Granularity]),
        "k": Whole(1, MOST_K),
        "seed": Whole(0, MOST_SEED),
        "examples": Text(MAX_LINES_CHARS),
    }


def read_option(method: str, name: str, text: str):
    """The value of one of the method's own options; raises MaskwiseError."""
    explainer = EXPLAINERS[method]
    field = explainer.own_options().get(name)
    value = _of_kind(text, type(field.default)) if field else text
    return getattr(read_options(explainer, {name: value}), name)


def _of_kind(text: str, kind: type):
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    if kind in (int, float) and re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{0,20})?(e[-+]?[0-9]{1,3})?", text):
        return float(text) if isfinite(float(text)) else text
    return text


def is_unicode(text: str) -> bool:
    """Half a surrogate pair cannot be written to any file or page."""
    return not re.search("[\ud800-\udfff]", text)
