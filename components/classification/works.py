"""What the inputs of the Classification tab ask for: a request, and the work of each of its buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from components.classification.tuned_models import TunedModels
from components.line.pace import size_of
from components.line.results import question_of
from components.line.work import Work
from components.page.models_menu import TUNED
from components.pieces.label_lines import read_examples, read_words
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.core.work import tokens_read
from explainers.streams.events.shared import Event
from explainers.streams.reading import (
    explain_and_read,
    explain_by_all,
    lens,
    passes_of_all,
    planned_passes,
    read,
)
from explainers.streams.requests.classification import ClassificationRequest
from explainers.text.spans import about_spans
from explainers.text.tasks import CUSTOM, find_task

TUNED_MODELS = TunedModels()
RUN, LIVE = "explained and read", "live"
Passes = Callable[[ClassificationRequest, int], int]  # of a request, whose text has about so many spans


def run_work(session: str | None, settings: dict, options: dict) -> Work:
    """Explain by the method that is chosen. options: of the method."""
    work = classification_work(session, settings, options, explain_and_read)
    return _sized(work, settings, options, planned_passes)


def all_methods_work(session: str | None, settings: dict, options: dict[str, dict]) -> Work:
    """Explain by every method. options: by method."""

    def every(request: ClassificationRequest, hook, loaded) -> Iterator[Event]:
        return explain_by_all(request, options, hook, loaded)

    def passes(request: ClassificationRequest, spans: int) -> int:
        return passes_of_all(request, options, spans)

    own = options[settings["method"]]
    work = classification_work(session, settings, own, every, "all methods", more=options)
    return _sized(work, settings, own, passes)


def layers_work(session: str | None, settings: dict, options: dict[str, dict]) -> Work:
    """Read every layer. options: by method."""
    own = options[settings["method"]]
    return classification_work(session, settings, own, lens, "layer lens", short=True)


def reading_work(session: str | None, settings: dict) -> Work:
    """Read what is being edited."""
    return classification_work(session, settings, {}, read, LIVE, short=True)


def tokens_to_read(request: ClassificationRequest, passes: Passes) -> int:
    """About how much work it is to send so many texts through the model."""
    length = len(request.text.split()) + len(request.used_template().split())
    return tokens_read(passes(request, about_spans(request.text, request.settings().granularity)), length, 0)


def _sized(work: Work, settings: dict, options: dict, passes: Passes) -> Work:
    return replace(
        work, size=size_of(lambda: tokens_to_read(classification_request(settings, options), passes))
    )


def classification_work(
    session: str | None,
    settings: dict,
    options: dict,
    stream: Callable[..., Iterator[Event]],
    kind: str = RUN,
    short: bool = False,
    more: object = None,
) -> Work:
    """One of the streams of classification on the page's inputs. options: of the method. more: what else its
    result depends on."""

    def request() -> ClassificationRequest:
        return classification_request(settings, options)

    def events(hook) -> Iterator[Event]:
        return stream(request(), hook, TUNED_MODELS.find(session, settings["model"]))

    if settings["model"] == TUNED:  # the session's own
        return Work(events, kind, short=short)
    question = "" if kind == LIVE else question_of(kind, request, more)  # what is half typed is not kept
    return Work(events, kind, settings["model"], Task.CLASSIFICATION, short=short, question=question)


def chosen_class(settings: dict) -> str:
    """The class to explain, "" where the label words do not name it."""
    with suppress(MaskwiseError):  # of words that cannot be read
        return settings["label"] if settings["label"] in read_words(settings["label_words"]) else ""
    return settings["label"]


def classification_request(settings: dict, options: dict) -> ClassificationRequest:
    """The page's inputs as a request; raises MaskwiseError. options: of the method."""
    task = find_task(settings["task"])
    words, count = read_words(settings["label_words"]), settings["words_per_class"]
    examples = read_examples(settings["examples"], list(words))
    own = task.label_words(count)
    names = ("text", "model", "method", "template", "verbalizer", "seed")
    more = {name: settings[name] for name in ("granularity", "k")}
    return ClassificationRequest(
        **{name: settings[name] for name in names},
        task=settings["task"] if set(words) == set(own) else CUSTOM,
        label=chosen_class(settings),
        label_words={} if words == own else words,
        options={**options, **more, "words_per_class": count, "examples": examples},
    )
