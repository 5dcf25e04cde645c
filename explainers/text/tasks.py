"""Classification tasks: their classes, templates, label words and example texts.

Templates are those of PromptExplainer's tables, which are KPT's; label words and example texts are our own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from explainers.core.errors import MaskwiseError, shown

ASSETS = Path(__file__).parents[2] / "assets"
CUSTOM = "custom"
SENTIMENT = "sentiment"  # the example texts of the tasks that ask for it
WORDS_PER_CLASS = (1, 10, 30)


@dataclass(frozen=True)
class ClassificationTask:
    """templates: the first is the default. words, texts: names of the files of label words and of example
    texts, empty where there are none."""

    name: str
    title: str
    templates: tuple[str, ...]
    words: str = ""
    texts: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(_read("label_words", self.words))

    def label_words(self, count: int = 1) -> dict[str, list[str]]:
        """The first `count` label words of each class; a class's first word names it best."""
        return {label: words[:count] for label, words in _read("label_words", self.words).items()}

    def example_texts(self) -> dict[str, list[str]]:
        """A few texts of each class: examples to try, and what prototypes and priors are made from."""
        return _read("example_texts", self.texts)


@cache
def _read(folder: str, name: str) -> dict[str, list[str]]:
    return json.loads((ASSETS / folder / f"{name}.json").read_text(encoding="utf-8")) if name else {}


TOPIC = ("[ Topic : <mask> ] {text}", "[ Category : <mask> ] {text}", "{text} This topic is about <mask> .")
REVIEW = (
    "It was <mask> . {text}",
    "{text} It was <mask> .",
    "Just <mask> ! {text}",
    "{text} All in all , it was <mask> .",
    "{text} In summary , the film was <mask> .",
)
SENTENCE = (REVIEW[1], REVIEW[0], *REVIEW[2:])
TASKS = {
    task.name: task
    for task in (
        ClassificationTask(
            "ag_news", "AG News: topic", ("A <mask> news : {text}", *TOPIC), "ag_news", "ag_news"
        ),
        ClassificationTask("sst2", "SST-2: a sentence's sentiment", SENTENCE, "sst2", SENTIMENT),
        ClassificationTask("imdb", "IMDB: a review's sentiment", REVIEW, "imdb", SENTIMENT),
        ClassificationTask("dbpedia", "DBpedia: kind of thing", TOPIC, "dbpedia", "dbpedia"),
        ClassificationTask(
            "yahoo", "Yahoo Answers: topic", ("A <mask> question : {text}", *TOPIC), "yahoo", "yahoo"
        ),
        ClassificationTask(CUSTOM, "Your own classes", TOPIC),
    )
}


def find_task(name: str) -> ClassificationTask:
    """The task of that name; raises MaskwiseError with the names there are."""
    if name not in list(TASKS):  # what is sent in its place may be anything
        raise MaskwiseError(f"task must be one of {', '.join(TASKS)}, not {shown(name)}.")
    return TASKS[name]


def unlabelled_texts(task: ClassificationTask) -> list[str]:
    """Texts without their classes, for priors: the task's own, or those of all tasks where it has none."""
    names = [task.texts] if task.texts else sorted({t.texts for t in TASKS.values() if t.texts})
    return [text for name in names for texts in _read("example_texts", name).values() for text in texts]
