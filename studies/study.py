"""What a study is, as its TOML file in `declared/` says: model, data, methods, options and measures."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from explainers import EXPLAINERS, explainers_for, read_options
from explainers.core.types import Task
from explainers.targets.masked_prompt import MaskOperator
from explainers.text.spans import Granularity
from explainers.text.tasks import TASKS
from explainers.verbalizers.build import VERBALIZERS

FILES = (".jsonl", ".csv", ".parquet")  # of data
FAITHFULNESS = ("comprehensiveness", "sufficiency", "soft_comprehensiveness", "soft_sufficiency")
Options = dict[str, Any]


class Declared(BaseModel):
    """A part of a study: no other fields than these, and none that changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSet(Declared):
    """name: in tables. source: a Hub id, or a JSONL, CSV or Parquet file; subset and split: of the Hub's.

    text: columns, joined by a space. label: the column of the class's number, whose least is first_label.
    first: rows that are looked at, 0 for all. training: split, or file, that few-shot examples come from.
    task: one of TASKS, whose classes, templates and words count. instruction: stands before each prompt.
    """

    name: str = Field(pattern=r"^[\w.-]{1,60}$")
    source: str = Field(min_length=1)
    subset: str = ""
    split: str = "train"
    text: list[str] = Field(min_length=1)
    label: str = ""
    first_label: int = 0
    first: int = Field(default=0, ge=0)
    training: str = "train"
    task: str = ""
    instruction: str = ""


class Claim(Declared):
    """What the paper says: the study's paper_method does better than the methods `against` by `measure`."""

    text: str
    measure: str
    against: list[str] = Field(min_length=1)


class Study(Declared):
    """What both kinds of study share.

    shows: the tables and figures of the paper that it remakes. paper_method: the one that the others are
    tested against. limit: prompts of each data set, 0 for all. draw: the first ones, or some drawn at random.
    least_words, most_words: of a text that is taken; 0 for any number.
    columns: measures of the table, in order. notes: how the study differs from the paper all the same.
    """

    MEASURES: ClassVar[tuple[str, ...]]
    CURVES: ClassVar[tuple[str, ...]]
    FIGURES: ClassVar[tuple[str, ...]]

    name: str
    task: str
    title: str
    paper: str
    shows: list[str] = Field(min_length=1)
    model: str = ""
    device: str = ""
    data: list[DataSet] = Field(min_length=1)
    methods: list[str] = Field(min_length=1)
    paper_method: str
    options: dict[str, Options] = {}
    limit: int = Field(ge=0)
    draw: Literal["first", "random"] = "first"
    least_words: int = Field(default=0, ge=0)
    most_words: int = Field(default=0, ge=0)
    seeds: list[int] = Field(default=[0], min_length=1)
    granularity: Granularity
    mask_operator: MaskOperator
    columns: list[str] = Field(min_length=1)
    figures: list[str] = []
    claims: list[Claim] = []
    notes: list[str] = []

    @model_validator(mode="after")
    def _check_methods(self):
        known = explainers_for(Task(self.task))
        if unknown := [name for name in [*self.methods, *self.options] if name not in known]:
            raise ValueError(
                f"there is no method {unknown[0]!r} for {self.task}; there are: {', '.join(known)}"
            )
        for name, options in self.options.items():
            read_options(EXPLAINERS[name], options)
        return self

    @model_validator(mode="after")
    def _check_names(self):
        for what, names in self._lists().items():
            if twice := [name for name, count in Counter(names).items() if count > 1]:
                raise ValueError(f"{what} holds {twice[0]} twice")
        known = {"columns": (self.columns, self.MEASURES), "figures": (self.figures, self.FIGURES)}
        for what, (asked, there) in known.items():
            if unknown := [name for name in asked if name not in there]:
                raise ValueError(f"{what} has no {unknown[0]!r}, but: {', '.join(there)}")
        return self

    def _lists(self) -> dict[str, list]:
        """What must hold nothing twice, by name."""
        return {"data": [data.name for data in self.data], "methods": self.methods, "seeds": self.seeds}

    def digest(self, texts: str, versions: dict[str, str]) -> str:
        """Ten characters that differ where settings, texts or libraries do. texts: digest of the prompts."""
        settings = json.dumps([self.model_dump(), texts, versions], sort_keys=True)
        return hashlib.sha256(settings.encode()).hexdigest()[:10]


class Measures(Declared):
    """How an answer without the removed spans is had and compared; the first of each is the paper's code.

    prompt: what the model reads: the text without the spans, tokenised anew, or what the search reads
    (operator). first_token: whether the answer's first token counts in probability ratio and KL.
    """

    prompt: Literal["deleted", "operator"] = "deleted"
    bleu: Literal["characters", "words"] = "characters"
    rouge: Literal["rouge", "rouge-score"] = "rouge"
    kl: Literal["positions", "vocabulary"] = "positions"
    first_token: bool = False


class GenerationStudy(Study):
    """Which k spans an answer hangs on. k: each is explained from scratch. system_prompt: the model's own.

    MEASURES and CURVES: what a row has; search: log p of the best set after each step, nats. Those of
    `RemovalFaithfulness` are taken where the table has a column of them, since they cost 67 masks.
    """

    MEASURES: ClassVar[tuple[str, ...]] = (
        "bleu", "rouge_l_precision", "rouge_l_recall", "rouge_l_f1", "sentence_bert", "probability_ratio",
        "kl", "log_prob", "log_prob_masked", *FAITHFULNESS, "seconds", "forward_passes",
    )  # fmt: skip
    CURVES: ClassVar[tuple[str, ...]] = ("search",)
    FIGURES: ClassVar[tuple[str, ...]] = ("ratio_over_k", "convergence")

    task: Literal["generation"]
    k: list[Annotated[int, Field(ge=1)]] = Field(min_length=1)
    max_new_tokens: int = Field(ge=1)
    system_prompt: str = ""
    system_prompt_placement: Literal["system", "prompt"] = "system"
    measures: Measures = Measures()

    def _lists(self) -> dict[str, list]:
        return super()._lists() | {"k": self.k}


class Verbalizer(Declared):
    """name: one of VERBALIZERS. words: label words per class that it starts from."""

    name: str
    words: int = Field(default=1, ge=1, le=30)

    @model_validator(mode="after")
    def _check_name(self):
        if self.name not in VERBALIZERS:
            raise ValueError(f"there is no verbalizer {self.name!r}; there are: {', '.join(VERBALIZERS)}")
        return self

    def title(self) -> str:
        return f"{self.name} {self.words}" if self.name in ("manual", "whole_words") else self.name


class Tuning(Declared):
    """Few-shot tuning before anything is explained; the defaults are those of KPT's fewshot.py.

    weights: the whole model is tuned, or nothing. shots: texts per class. batch, longest (tokens of a text),
    rate and epochs as there.
    """

    weights: Literal["whole", "none"] = "whole"
    shots: int = Field(default=5, ge=1)
    epochs: int = Field(default=5, ge=1)
    batch: int = Field(default=20, ge=1)
    longest: int = Field(default=128, ge=8)
    rate: float = Field(default=3e-5, gt=0)


class ClassificationStudy(Study):
    """Which spans speak for a class. templates: numbers of the task's own, from 0; one condition for each
    template and verbalizer.

    MEASURES and CURVES: what a row has. activation is of the predicted class, activation_true and its curve
    of the true one; pruning and its curve are of probabilities, pruning_logits of scores before softmax.
    """

    MEASURES: ClassVar[tuple[str, ...]] = (
        "activation", "activation_true", "pruning", "pruning_logits", "correct", "seconds", "forward_passes",
    )  # fmt: skip
    CURVES: ClassVar[tuple[str, ...]] = ("activation_curve", "pruning_curve")
    FIGURES: ClassVar[tuple[str, ...]] = ("faithfulness",)

    task: Literal["classification"]
    templates: list[Annotated[int, Field(ge=0)]] = Field(default=[0], min_length=1)
    verbalizers: list[Verbalizer] = Field(default=[Verbalizer(name="manual")], min_length=1)
    tuning: Tuning = Tuning()

    @model_validator(mode="after")
    def _check_tasks(self):
        for data in self.data:
            if data.task not in TASKS or not data.label:
                raise ValueError(
                    f"{data.name} needs a label column, and a task, which --data NAME=SOURCE takes from its "
                    f"name: {', '.join(TASKS)}"
                )
            if max(self.templates) >= (count := len(TASKS[data.task].templates)):
                raise ValueError(f"{data.task} has {count} templates, numbered from 0")
        return self

    def _lists(self) -> dict[str, list]:
        titles = [verbalizer.title() for verbalizer in self.verbalizers]
        return super()._lists() | {"templates": self.templates, "verbalizers": titles}

    def learns(self, verbalizer: Verbalizer) -> bool:
        """Whether the model, or that verbalizer, is fitted to texts of the training data."""
        return self.tuning.weights == "whole" or verbalizer.name not in ("manual", "whole_words")

    def conditions(self) -> list[tuple[int, Verbalizer]]:
        return [(template, verbalizer) for template in self.templates for verbalizer in self.verbalizers]


AnyStudy = GenerationStudy | ClassificationStudy
