"""Which fields of the Classification tab fill others in, and which edits the prediction follows."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from components.classification.controls import PREDICTED, READ_AS_EDITED, ClassificationPanel
from components.page.progress import status
from components.page.views import AT_ONCE, EACH_TIME
from components.pieces.label_lines import read_words, write_words
from explainers.core.errors import MaskwiseError
from explainers.text.tasks import CUSTOM, find_task
from explainers.verbalizers.kpt_file import read_kpt_file

OWN_CLASSES = "Complaint: problem, broken\nPraise: great, thanks"


def live_events(panel: ClassificationPanel) -> list:
    """The edits that the prediction follows at once; a text box's `input` misses deleting and pasting."""
    texts = [panel.inputs[name].change for name in READ_AS_EDITED]
    return texts + [panel.inputs[name].input for name in ("label", "verbalizer", "granularity")]


def fill_by_task(panel: ClassificationPanel) -> None:
    """A chosen task, example, ready template or number of words fills the fields that hang on it."""
    task, words, count = (panel.inputs[name] for name in ("task", "label_words", "words_per_class"))
    filled = [panel.inputs["template"], panel.ready, words]
    task.input(of_task, [task, count], filled, **AT_ONCE)
    panel.examples.load_input_event.then(of_task, [task, count], filled, **AT_ONCE)
    count.input(_words_of_task, [task, count], words, **AT_ONCE)
    panel.ready.input(lambda ready: ready, panel.ready, panel.inputs["template"], **AT_ONCE)
    label = panel.inputs["label"]
    words.change(label_menu, [words, label], label, **EACH_TIME)
    panel.words_file.upload(words_of_file, [panel.words_file, words], [words, panel.status], **AT_ONCE)


def of_task(name: str, count: int) -> list:
    """What a task brings: its first template, the menu of its templates, its label words."""
    task = find_task(name)
    ready = gr.update(choices=list(task.templates), value=task.templates[0])
    return [task.templates[0], ready, _words_of_task(name, count)]


def _words_of_task(name: str, count: int) -> str:
    return OWN_CLASSES if name == CUSTOM else write_words(find_task(name).label_words(count))


def uploaded(path: str | None) -> Path:
    """The file that was sent; raises MaskwiseError where none was."""
    if not path:
        raise MaskwiseError("No file has arrived. Choose it again.")
    return Path(path)


def words_of_file(path: str | None, lines: str) -> list:
    """The file's words for the classes at hand, or what is wrong with it on the status line."""
    try:
        return [write_words(read_kpt_file(uploaded(path), list(read_words(lines)))), gr.skip()]
    except MaskwiseError as error:
        return [gr.skip(), status("error", str(error))]


def label_menu(lines: str, chosen: str):
    """The classes that the label words name; the predicted one is chosen where the chosen one is gone."""
    try:
        labels = list(read_words(lines))
    except MaskwiseError:
        return gr.skip()
    menu = gr.update(choices=[PREDICTED, *labels])
    return menu if chosen in ("", *labels) else menu | {"value": ""}
