"""What the Classification tab shows of a stream, and how its lines are read: no browser."""

import json
from pathlib import Path

import pytest

from components.classification.controls import FIRST_TEXT
from components.classification.run import leave
from components.classification.tuned_models import TunedModels
from components.classification.tuning import TuningView
from components.classification.view import ClassificationView, reading_lines
from components.classification.works import classification_request
from components.page.models_menu import TUNED
from components.pieces.label_lines import read_examples, read_words, write_words
from explainers import explain_classification, explainers_for
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.models import held
from explainers.reports.class_sentence import class_sentence, percent
from explainers.streams.reading import explain_and_read, explain_by_all, lens, read
from explainers.streams.requests.classification import ClassificationRequest
from explainers.text.tasks import TASKS, find_task
from tests.explainers.verbalizers.test_verbalizers import wordpiece

SHORT = "Shares of the club rose"
FEW = {"xprompt": {"iterations": 5}, "integrated_gradients": {"steps": 3}}
WORDS = {"Sports": ["sports", "football"], "Business": ["business"]}
SETTINGS = {
    "text": "a striker & <b>shares</b>", "task": "ag_news", "method": "prompt_explainer", "model": "",
    "template": "", "label_words": write_words(find_task("ag_news").label_words(1)), "words_per_class": 1,
    "label": "", "verbalizer": "manual", "granularity": "token", "k": 3, "seed": 0, "examples": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: wordpiece())


def shown(events, **settings):
    view = ClassificationView(FIRST_TEXT, **settings)
    for event in events:
        view.add(json.loads(json.dumps(event)))
    return view.values()


def test_one_pass_gives_the_prediction_and_the_explanation_of_prompt_explainer():
    passes = []
    events = list(read(ClassificationRequest(FIRST_TEXT), passes.append))
    assert passes == [1]
    *_, result = explain_classification(FIRST_TEXT)
    (prediction,) = (e for e in events if e["type"] == "prediction")
    for live, full in zip(prediction["labels"], result["labels"], strict=True):
        assert live["probability"] == pytest.approx(full["probability"], abs=1e-5)
    scores = [span["score"] for span in shown(events)["strip"]["spans"]]
    assert scores == pytest.approx([span["score"] for span in result["spans"]], abs=1e-5)
    assert result["neutral"] == 0.25


def test_an_explanation_fills_its_views_and_leaves_the_others():
    values = shown(
        explain_and_read(ClassificationRequest(FIRST_TEXT, label="Sports")),
        shows=("result", "strip"),
    )
    assert "methods" not in values and "bars" not in values
    strip = values["strip"]
    assert (strip["neutral"], strip["limits"][0]) == (0.25, 0.0) and strip["text"] == FIRST_TEXT
    assert [piece["kind"] for piece in strip["before"]] == ["template", "mask", "template"]
    assert strip["before"][1]["lines"] and all(len(span["lines"]) == 2 for span in strip["spans"])
    assert not any(span["removed"] for span in strip["spans"])
    assert "Sports" in "".join(text for _, text in values["result"]["parts"])
    assert values["status"]["state"] == "done"


def test_a_search_marks_what_it_removes():
    events = explain_and_read(ClassificationRequest(FIRST_TEXT, method="xprompt", options={"iterations": 5}))
    assert sum(span["removed"] for span in shown(events)["strip"]["spans"]) == 3


def test_a_live_reading_clears_what_no_longer_holds_and_has_no_alarms():
    values = shown(read(ClassificationRequest(FIRST_TEXT)), live=True)
    assert (
        "charts" not in values["plot"] and values["methods"]["rows"] == [] and "charts" not in values["lens"]
    )
    view = ClassificationView("", live=True)
    view.add({"type": "error", "text": "The template lacks <mask>."})
    values = view.values()
    assert values["status"]["state"] == "idle" and set(values) == {"status"}


def test_every_method_gets_a_strip_and_two_curves():
    events = list(explain_by_all(ClassificationRequest(SHORT), FEW))
    values = shown(events, shows=("plot", "methods"))
    rows = values["methods"]["rows"]
    assert {row["method"] for row in rows} == set(explainers_for(Task.CLASSIFICATION))
    for chart in values["plot"]["charts"]:
        assert chart["table"]["head"][1:] == [row["title"] for row in rows if not row["error"]]
        assert len(chart["figure"]["data"]) == len(chart["table"]["head"]) - 1
    assert all(len(row["scores"]) == len(values["methods"]["spans"]) for row in rows if not row["error"])
    assert "strip" not in values and values["status"]["text"].startswith(f"{len(rows)} methods")


def test_methods_that_take_too_long_or_cannot_run_say_so(monkeypatch):
    monkeypatch.setattr("explainers.streams.reading.MOST_PASSES", 30)
    method = explainers_for(Task.CLASSIFICATION)["gae"]

    def refuse(self, target):
        raise MaskwiseError("No attention here.")

    monkeypatch.setattr(method, "attribute", refuse)
    rows = shown(explain_by_all(ClassificationRequest(SHORT), {}))["methods"]["rows"]
    errors = {row["method"]: row["error"] for row in rows}
    assert errors["gae"] == "No attention here." and errors["xprompt"].startswith("Left out")
    assert errors["prompt_explainer"] == ""


def test_a_stop_keeps_the_methods_that_were_done():
    left = 60

    def hook(rows):
        nonlocal left
        left -= rows
        if left < 0:
            raise Stopped("Stopped.")

    view, stream = ClassificationView(FIRST_TEXT), explain_by_all(ClassificationRequest(FIRST_TEXT), {}, hook)
    with pytest.raises(Stopped):
        for event in stream:
            view.add(event)
    view.add({"type": "stopped", "text": "Stopped."})
    values = view.values()
    assert 0 < len(values["methods"]["rows"]) < 13 and values["status"]["state"] == "stopped"
    assert view.progress.part == len(values["methods"]["rows"])  # the time left is taken from those to come


def test_the_lens_shows_the_last_layer_first():
    lensed = shown(lens(ClassificationRequest(FIRST_TEXT)))["lens"]
    (chart,) = lensed["charts"]
    assert [row[0] for row in chart["table"]["rows"]] == ["layer 2", "layer 1", "embeddings"]
    assert all(cell.endswith(" (1)") for cell in chart["table"]["rows"][0][1:])
    assert set(chart["figure"]["data"][0]["z"][0]) == {1.0} and "[MASK]" in chart["table"]["head"]
    long = shown(lens(ClassificationRequest("word " * 200)))["lens"]
    (chart,) = long["charts"]
    assert len(chart["table"]["head"]) == 161 and "The first 160" in chart["note"]


def test_reading_lines_name_words_and_classes():
    tokens = [
        {"token": "goal", "words": [["score", 0.9], ["net", 0.001]], "class_shares": [0.9, 0.1]},
        {"token": "##s", "words": [["s", 0.2], ["t", 0.1]], "class_shares": [0.5, 0.5]},
    ]
    assert reading_lines(tokens[:1], ["A", "B"]) == ["reads as score 90 %, net 0.1 %", "A 90 %, B 10 %"]
    assert reading_lines(tokens, ["A", "B"])[1:] == ["##s reads as s 20 %, t 10 %", "A 70 %, B 30 %"]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"),
        (1e-4, "< 0.1 %"),
        (0.004, "0.4 %"),
        (0.5, "50 %"),
        (0.998, "99.8 %"),
        (0.9999, "> 99.9 %"),
        (1, "100 %"),
    ],
)
def test_shares_are_shown_as_precisely_as_they_need(share, text):
    assert percent(share) == text


def test_the_sentence_says_what_speaks_for_the_class_and_against_it():
    labels = [{"label": "Sports", "probability": 0.9}, {"label": "<b>", "probability": 0.1}]
    prediction = {"labels": labels, "predicted": "Sports", "label": "<b>"}
    spans = [{"text": text, "score": score} for text, score in [("goal", 0.1), ("bank", 0.9), ("the", 0.5)]]
    curve = {"score": 0.5}
    done = {"spans": spans, "neutral": 0.5, "activation": curve, "pruning": curve}
    parts = class_sentence(prediction, done | {"forward_passes": 1, "seconds": 0.1})["parts"]
    text = "".join(text for _, text in parts).replace("\N{NO-BREAK SPACE}", " ")
    assert text == "The model reads this as Sports (90 %). Highest for <b> (10 %): bank. Lowest: goal."
    assert class_sentence(prediction)["facts"] == []


def test_label_words_come_back_from_their_lines():
    assert read_words(write_words(WORDS)) == WORDS
    assert read_words("A\n\nB :  x,, y \nC: ") == {"A": [], "B": ["x", "y"], "C": []}
    assert read_words("正面：好，很好、棒\n负面: 差، سيئ") == {
        "正面": ["好", "很好", "棒"],
        "负面": ["差", "سيئ"],
    }
    with pytest.raises(MaskwiseError, match="Two lines name the class"):
        read_words("A: x\na: y")


def test_labelled_lines_are_read_by_class():
    lines = "sports: a goal: scored\nBusiness: shares\nSports: a match"
    assert read_examples(lines, list(WORDS)) == {
        "Sports": ["a goal: scored", "a match"],
        "Business": ["shares"],
    }
    with pytest.raises(MaskwiseError, match="'just a text' is not a class and its text"):
        read_examples("just a text", list(WORDS))
    with pytest.raises(MaskwiseError, match="'Sports' is not a class and its text. Write it as “Sports: …”"):
        read_examples("Sports: ", list(WORDS))
    with pytest.raises(MaskwiseError, match="none of the classes"):
        read_examples("Weather: rain", list(WORDS))


def test_the_pages_inputs_become_a_request():
    request = classification_request(SETTINGS | {"label": "gone"}, {"centre": "chance"})
    # The task's own words, so that they may be expanded.
    assert (request.label, request.label_words) == ("", {})
    assert request.options["centre"] == "chance" and request.settings().words_per_class == 1
    edited = classification_request(SETTINGS | {"task": "custom", "label_words": write_words(WORDS)}, {})
    assert edited.words() == WORDS
    bare = classification_request(SETTINGS | {"task": "custom", "label_words": "Up: \nDown\nOff: x"}, {})
    assert bare.label_words == {"Up": [], "Down": [], "Off": ["x"]}, "which its result says"
    with pytest.raises(MaskwiseError, match="words of class 'Up' are nothing but space"):
        classification_request(SETTINGS | {"task": "custom", "label_words": "Up: ,\nDown: bad"}, {})


@pytest.mark.parametrize("task", TASKS)
def test_every_task_can_be_chosen(task):
    from components.classification.filling import of_task

    template, _, words = of_task(task, 10)
    chosen = {"task": task, "template": template, "label_words": words, "words_per_class": 10}
    assert len(classification_request(SETTINGS | chosen, {}).words()) >= 2


def test_a_tuned_model_is_the_sessions_own(monkeypatch):
    monkeypatch.setattr("components.classification.tuned_models.STEPS", 3)
    lines = "Sports: the quick fox\nBusiness: the lazy dog"
    settings = SETTINGS | {
        "task": "custom",
        "label_words": "Sports: sports\nBusiness: business",
        "examples": lines,
    }
    tuned, view = TunedModels(), TuningView()
    with pytest.raises(MaskwiseError, match="no longer in memory"):
        tuned.find("me", TUNED)
    for event in tuned.tune("me", classification_request(settings, {}), lambda rows: None):
        view.add(event)
    status, file = view.values()["status"], view.values()["file"]
    assert status["state"] == "done" and "loss" in status["text"] and Path(file).stat().st_size > 0
    assert tuned.find("me", TUNED).name.endswith("tuned on a few texts") and tuned.find("me", "") is None
    read_back = [*tuned.read(file, "you", classification_request(settings, {}), lambda rows: None)][-1]
    assert "business" in read_back["text"]
    tuned.forget("me"), tuned.forget("you")
    leave("nobody")
    with pytest.raises(MaskwiseError, match="labelled texts first"):
        list(tuned.tune("me", classification_request(SETTINGS, {}), lambda rows: None))
