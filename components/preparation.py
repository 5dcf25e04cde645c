"""What the server does before anybody comes: no visitor waits for it, and the first is told how long a run
takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from components.classification.controls import DEFAULT_TASK, FIRST_TEXT
from components.classification.works import RUN, tokens_to_read
from components.generation.controls import DEFAULT_METHOD
from components.generation.run import generation_work
from components.line.work import Work
from components.page.models_menu import at_hand, default_model
from components.runner import RUNNER
from components.server.health import READY
from explainers.core.errors import MaskwiseError
from explainers.core.types import OnForward, Task
from explainers.models.held import load_model
from explainers.streams.classification import run as classify
from explainers.streams.events.shared import Event
from explainers.streams.generation import run as generate
from explainers.streams.reading import explain_and_read, planned_passes
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.targets.causal.drafting import draft_of

FIRST_PROMPT = "Tell me in a few words what the weather in the mountains is like in spring."


def prepare() -> None:
    """Load the default models that need no download, make what is made on first use, such as the copy that
    drafts answers, and time a small run."""
    for task in Task:
        with suppress(MaskwiseError):  # the run itself will say what is wrong
            if at_hand(name := default_model(task), task):
                load_model(name, task)
                for work in _first_works(name, task):
                    RUNNER.do(work)
    READY.set()


def _first_works(model: str, task: Task) -> Iterator[Work]:
    """A run for which all is made that is made once, then one that is timed; whoever comes goes first in
    between."""
    if task is Task.GENERATION:
        small = GenerationRequest("Say hello.", model, DEFAULT_METHOD, k=1, max_new_tokens=8)
        request = GenerationRequest(FIRST_PROMPT, model, DEFAULT_METHOD, k=1, max_new_tokens=16)
        yield Work(lambda hook: chain(_made_in_parts(model, hook), generate(small, hook)), "preparation")
        yield replace(generation_work(lambda: request, model), kept=False)  # a stored one would take no time
    else:
        text = ClassificationRequest(FIRST_TEXT, DEFAULT_TASK, model)
        size = tokens_to_read(text, planned_passes)
        yield Work(lambda hook: classify(text, hook), "preparation", model, task)
        yield Work(lambda hook: explain_and_read(text, hook), RUN, model, task, size=size)


def _made_in_parts(model: str, hook: OnForward) -> Iterator[Event]:
    """Try out how the model may be read, then make the copy that drafts. No events come of it."""
    loaded = load_model(model, Task.GENERATION)
    hook(0)
    draft = draft_of(loaded)
    hook(0)
    if draft:
        draft()
    yield from ()
