"""The left column of the Classification tab: what to classify, through which words, and by what method."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr
from gradio.helpers import Examples

from components.page.controls import Controls, method_options, press_on_enter
from components.page.models_menu import model_menu
from components.pieces.label_lines import write_words
from components.pieces.views import status_line
from components.sharing.fields import MAX_LINES_CHARS
from explainers import explainers_for
from explainers.core.deployment import deployment
from explainers.core.types import Task
from explainers.text.tasks import TASKS, WORDS_PER_CLASS, find_task
from explainers.text.templates import MAX_TEMPLATE_CHARS

METHODS = explainers_for(Task.CLASSIFICATION)
DEFAULT_METHOD, DEFAULT_TASK = "prompt_explainer", "ag_news"
FIRST_TEXT = "Shares of the football club rose after it sold its best striker for 40 million euros."
VERBALIZERS = [
    ("the words themselves", "manual"),
    ("the words themselves, one mask for each of their tokens", "whole_words"),
    ("many related words, refined (KPT, zero-shot)", "knowledgeable"),
    ("many related words, all of them (KPT, few-shot)", "knowledgeable_few_shot"),
    ("prototypes from labelled texts", "prototypical"),
    ("a learnt vector per class", "soft"),
]
SPANS = [("tokens", "token"), ("words", "word"), ("sentences", "sentence")]
PREDICTED = ("the predicted one", "")
EXAMPLES_PER_TASK = 2
READ_AS_EDITED = ("text", "template", "label_words")


@dataclass(frozen=True)
class ClassificationPanel:
    """inputs: by the names that `classification_request` reads. ready: the task's templates. words_file:
    label words as KPT publishes them. estimate: a line below Run."""

    inputs: Controls
    ready: gr.Dropdown
    words_file: gr.UploadButton
    run: gr.Button
    stop: gr.Button
    estimate: gr.Markdown
    status: gr.HTML
    options: dict[str, Controls]
    tune: gr.Button
    saved: gr.DownloadButton
    adapter: gr.UploadButton
    examples: Examples


def panel() -> ClassificationPanel:
    """Lay out the column inside the current Blocks."""
    text = gr.Textbox(
        FIRST_TEXT,
        label="Text",
        info="Shift + Enter runs it.",
        lines=3,
        max_lines=12,
        max_length=deployment().chars,
        elem_id="class-text",
    )
    examples_place = gr.Column(elem_classes="mw-examples")
    run, stop, estimate, line = _run_and_status()
    with gr.Row(elem_classes="mw-tight"):
        task = gr.Dropdown(
            [(t.title, name) for name, t in TASKS.items()], value=DEFAULT_TASK, label="Task", min_width=140,
            elem_id="task",
        )  # fmt: skip
        method = gr.Dropdown(
            [(m.title, name) for name, m in METHODS.items()], value=DEFAULT_METHOD, label="Method",
            min_width=240, elem_id="class-method",
        )  # fmt: skip
    with examples_place:
        examples = _examples(text, task)
    cloze, ready, words_file = _cloze_inputs()
    inputs: Controls = {"text": text, "task": task, "method": method} | cloze
    options = method_options(method, METHODS)
    inputs["model"] = model_menu(Task.CLASSIFICATION, "class-model")
    with gr.Accordion("More settings", open=False):
        inputs |= _settings()
    with gr.Accordion("Your own labelled texts", open=False):
        inputs["examples"], tune, saved, adapter = _labelled_texts()
    press_on_enter(text, run)
    return ClassificationPanel(
        inputs=inputs,
        ready=ready,
        words_file=words_file,
        run=run,
        stop=stop,
        estimate=estimate,
        status=line,
        options=options,
        tune=tune,
        saved=saved,
        adapter=adapter,
        examples=examples,
    )


def _run_and_status():
    with gr.Row(elem_classes="mw-tight"):
        run = gr.Button("Run", variant="primary", min_width=80, elem_id="class-run")
        stop = gr.Button("Stop", min_width=80, elem_id="class-stop")
    estimate = gr.Markdown(visible=False, elem_id="class-about-time", elem_classes="mw-reference")
    return run, stop, estimate, status_line("class-status")


def _cloze_inputs():
    """Template, label words and class; the menu of ready templates, and the button for a file of words."""
    task = find_task(DEFAULT_TASK)
    with gr.Row(elem_classes="mw-tight"):
        template = gr.Textbox(
            task.templates[0], label="Template", max_lines=3, max_length=MAX_TEMPLATE_CHARS, min_width=180,
            scale=3, elem_id="template",
        )  # fmt: skip
        ready = gr.Dropdown(
            list(task.templates), value=task.templates[0], label="Ready templates", min_width=120, scale=2,
            elem_id="templates",
        )  # fmt: skip
    words = gr.Textbox(
        write_words(task.label_words(WORDS_PER_CLASS[0])),
        label="Label words",
        info="A class per line, “Class: word, word”. The prediction and the colours follow each edit.",
        lines=4,
        max_lines=16,
        max_length=MAX_LINES_CHARS,
        elem_id="label-words",
    )
    with gr.Row(elem_classes="mw-tight"):
        count = gr.Dropdown(
            [(str(n), n) for n in WORDS_PER_CLASS], value=WORDS_PER_CLASS[0], label="Words per class",
            min_width=90, elem_id="word-count",
        )  # fmt: skip
        label = gr.Dropdown(
            [PREDICTED, *task.labels], value="", label="Class to explain", min_width=140,
            allow_custom_value=True, elem_id="label",
        )  # fmt: skip
    file = gr.UploadButton(
        "Label words from a file (KPT’s .txt or .json)", file_types=[".txt", ".json"], size="sm",
        elem_id="words-file",
    )  # fmt: skip
    inputs = {"template": template, "label_words": words, "words_per_class": count, "label": label}
    return inputs, ready, file


def _settings() -> Controls:
    return {
        "verbalizer": gr.Dropdown(
            VERBALIZERS, value="manual", label="Verbalizer: a class is read through", elem_id="verbalizer"
        ),
        "granularity": gr.Radio(SPANS, value="token", label="Score whole", elem_id="class-granularity"),
        "k": gr.Slider(1, 20, 3, step=1, label="k: spans that a search removes"),
        "seed": gr.Number(
            0, precision=0, minimum=0, label="Seed", info="The same seed gives the same result."
        ),
    }


def _labelled_texts():
    texts = gr.Textbox(
        "",
        label="Labelled texts",
        info="One per line, “Class: text”, some of each class. Prototypes and learnt vectors are made from "
        "them, or from the task's own where this is empty.",
        lines=4,
        max_lines=16,
        max_length=MAX_LINES_CHARS,
        elem_id="labelled-texts",
    )
    with gr.Row(elem_classes="mw-tight"):
        tune = gr.Button("Tune the model on them", min_width=140, elem_id="tune")
        adapter = gr.UploadButton("Use a saved tuning", file_types=[".safetensors"], min_width=140)
        saved = gr.DownloadButton("Save what it learnt", visible=False, min_width=140)
    return texts, tune, saved, adapter


@dataclass(frozen=True)
class ExampleText:
    title: str
    text: str
    task: str


def example_texts() -> list[ExampleText]:
    """The first text, and of each task a text of a few classes."""
    found = [ExampleText("AG News: Business?", FIRST_TEXT, DEFAULT_TASK)]
    for place, (name, each) in enumerate(TASKS.items()):
        classes = list(each.example_texts().items())
        step = max(1, len(classes) // EXAMPLES_PER_TASK)
        for label, texts in classes[::step][:EXAMPLES_PER_TASK]:
            title = f"{each.title.partition(':')[0]}: {label}"
            found.append(ExampleText(title, texts[place % len(texts)], name))
    return found


def _examples(text: gr.Textbox, task: gr.Dropdown) -> Examples:
    found = example_texts()
    rows, names = [[each.text, each.task] for each in found], [each.title for each in found]
    return gr.Examples(
        rows, [text, task], cache_examples=False, label="Examples", example_labels=names, examples_per_page=20
    )
