"""The stream of one explained classification, its checks, and its API, on a tiny model."""

import json

import gradio as gr
import pytest
import torch
from gradio_client import Client

from components.api import offer_api
from explainers import explain_classification, explainers_for
from explainers.core.errors import MaskwiseError, Stopped
from explainers.core.types import Task
from explainers.models import held
from explainers.streams.requests.classification import ClassificationRequest
from explainers.text.tasks import TASKS
from explainers.verbalizers.build import VERBALIZERS
from tests.explainers.verbalizers.test_verbalizers import wordpiece
from tests.tiny_models import tiny_masked

TEXT = "The striker scored twice, and <b>fans</b> cheered [MASK]."
CUSTOM = {"Fruit": ["apple", "banana"], "Animal": "dog, cat"}
FIELDS = {
    "model", "revision", "method", "options", "task", "template", "rendered", "labels", "predicted", "label",
    "spans", "activation", "pruning", "seconds", "forward_passes", "versions", "text", "verbalizer", "seed",
    "pieces", "notes", "method_notes", "log_prob", "log_prob_masked", "evaluations", "stopped",
}  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: wordpiece())


def explain(text=TEXT, **settings):
    return list(explain_classification(text, **settings))


@pytest.mark.parametrize("method", explainers_for(Task.CLASSIFICATION))
def test_result_is_complete_for_every_method(method):
    options = {"iterations": 8} if method == "xprompt" else {}
    *_, result = explain(method=method, options=options)
    assert result["type"] == "explanation" and set(result) >= FIELDS
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert all(TEXT[s["start"] : s["end"]] == s["text"] for s in result["spans"])
    assert "".join(s["text"] for s in result["spans"]) == TEXT.replace(" ", "")
    assert [len(result[c]["values"]) for c in ("activation", "pruning")] == [11, 11]
    assert result["activation"]["values"][-1] == pytest.approx(probability(result, result["label"]), abs=1e-5)
    assert result["pruning"]["values"][0] == 0
    assert sum(s["removed"] for s in result["spans"]) == 3


def probability(result, label):
    return next(row["probability"] for row in result["labels"] if row["label"] == label)


@pytest.mark.parametrize("words", [{"Up": [], "Down": ["bad"]}, {"Up": "", "Down": "bad"}])
def test_a_class_without_words_is_said_to_be_read_through_its_name(words):
    *_, result = explain(task="custom", label_words=words)
    assert [row["words"] for row in result["labels"]] == [["up"], ["bad"]]
    assert "Classes without label words, read through their own names: Up." in result["notes"]
    *_, result = explain(task="custom", label_words={"Up": "up", "Down": "bad"})
    assert not [note for note in result["notes"] if "without label words" in note]


def test_events_come_in_order_and_agree():
    events = explain(method="xprompt", options={"iterations": 8, "k": 2})
    kinds = [event["type"] for event in events]
    assert kinds == ["status", "status", "prediction", "prompt", *["step"] * 8, "explanation"]
    prediction, prompt, result = events[2], events[3], events[-1]
    assert {k: result[k] for k in prediction if k != "type"} == {
        k: v for k, v in prediction.items() if k != "type"
    }
    assert [s["text"] for s in prompt["spans"]] == [s["text"] for s in result["spans"]]
    assert prompt["log_prob"] == result["log_prob"]
    assert sum(s["removed"] for s in result["spans"]) == 2
    assert events[-2]["log_prob"] == pytest.approx(result["log_prob_masked"])


@pytest.mark.parametrize("task", [name for name in TASKS if name != "custom"])
def test_probabilities_add_up_and_the_largest_is_predicted(task):
    result = explain(task=task)[-1]
    shares = {row["label"]: row["probability"] for row in result["labels"]}
    assert tuple(shares) == TASKS[task].labels
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert result["predicted"] == result["label"] == max(shares, key=shares.get)
    assert result["template"] == TASKS[task].templates[0]


def test_another_class_can_be_explained():
    first = explain(method="feature_ablation")[-1]
    other = next(row["label"] for row in first["labels"] if row["label"] != first["predicted"])
    second = explain(method="feature_ablation", label=other.upper())[-1]
    assert second["label"] == other and second["predicted"] == first["predicted"]
    assert [s["score"] for s in second["spans"]] != [s["score"] for s in first["spans"]]
    assert second["log_prob"] == pytest.approx(torch.tensor(probability(first, other)).log().item(), abs=1e-4)


def test_own_classes_words_and_template():
    settings = {"label_words": CUSTOM, "template": "Is {text} a <mask> ?"}
    result = explain("my cat Tom", task="custom", **settings)[-1]
    assert [(row["label"], row["words"]) for row in result["labels"]] == [
        ("Fruit", ["apple", "banana"]),
        ("Animal", ["dog", "cat"]),
    ]
    assert result["rendered"] == "Is my cat Tom a [MASK] ?"
    kinds = [piece["kind"] for piece in result["pieces"]]
    assert kinds == ["template", "text", "template", "mask", "template"]


def test_words_of_one_class_replace_its_own_alone():
    result = explain(label_words={"sports": ["goal", "striker"]}, options={"words_per_class": 2})[-1]
    words = {row["label"]: row["words"] for row in result["labels"]}
    assert words["Sports"] == ["goal", "striker"]
    assert words["World"] == TASKS["ag_news"].label_words(2)["World"]


@pytest.mark.parametrize("verbalizer", VERBALIZERS)
def test_every_verbalizer_gives_a_complete_result(verbalizer):
    examples = {"Fruit": ["I ate an apple"], "Animal": ["the dog barks", "a cat sleeps"]}
    result = explain(
        task="custom", label_words=CUSTOM, verbalizer=verbalizer, options={"examples": examples}
    )[-1]
    assert set(result) >= FIELDS and result["verbalizer"] == verbalizer
    assert sum(row["probability"] for row in result["labels"]) == pytest.approx(1, abs=1e-5)
    assert bool(result["notes"]) == (verbalizer not in ("manual", "whole_words"))


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
def test_settings_among_the_options(granularity, operator):
    options = {"granularity": granularity, "mask_operator": operator}
    result = explain(method="feature_ablation", options=options)[-1]
    texts = [span["text"] for span in result["spans"]]
    assert ("striker" in texts) == (granularity != "sentence")
    assert (len(texts) == 1) == (granularity == "sentence")
    total = explain(method="feature_ablation", options={"granularity": "word", "mask_operator": operator})[-1]
    assert total["log_prob"] == pytest.approx(result["log_prob"], abs=1e-5)


def test_pruning_variants_differ():
    scores = {}
    for order in ("absolute", "signed"):
        for values in ("probabilities", "logits"):
            options = {"pruning_order": order, "pruning_values": values}
            result = explain(method="feature_ablation", options=options)[-1]
            scores[order, values] = result["pruning"]["score"]
    assert len(set(scores.values())) == 4


def test_long_texts_are_cut_with_a_notice():
    result = explain("fox " * 2000, task="sst2")[-1]
    assert "cut to its first" in result["notes"][0]
    assert result["rendered"].endswith("It was [MASK] .") and len(result["spans"]) < 512


def test_results_repeat_with_a_seed():
    runs = [explain(method="xprompt", seed=3, options={"iterations": 10})[-1] for _ in range(2)]
    assert runs[0]["spans"] == runs[1]["spans"]


def test_a_stopped_search_keeps_its_best():
    passes = []

    def stop(rows):
        passes.append(rows)
        if len(passes) > 8:
            raise Stopped("Stopped.")

    options = {"iterations": 500}
    result = list(explain_classification(TEXT, stop, method="xprompt", options=options))[-1]
    assert result["stopped"] and "best set so far" in result["method_notes"][0]
    assert result["log_prob_masked"] <= result["log_prob"] and len(result["activation"]["values"]) == 11


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"task": "magic"}, "task must be one of ag_news, sst2"),
        ({"method": "captum_shapley"}, "method must be one of"),
        ({"verbalizer": "magic"}, "verbalizer must be one of manual"),
        ({"template": "no marks"}, "lacks <mask>"),
        ({"template": "x" * 501}, "limited to 500"),
        ({"template": 3}, "template must be text"),
        ({"text": "x" * 20_001}, "limited to 20,000"),
        ({"text": None}, "text must be text"),
        ({"label": "Music"}, "'Music' is none of the classes. Choose one of: World, Sports"),
        ({"label": "x" * 61}, "label is limited to 60"),
        ({"label_words": {"Music": ["song"]}}, "'Music' is none of the classes"),
        ({"label_words": {"Sports": ["x" * 61]}}, "1 to 60 characters"),
        ({"label_words": ["a"]}, "label_words must be an object"),
        ({"task": "custom"}, "2 to 50 classes"),
        ({"task": "custom", "label_words": {"x" * 61: ["a"], "b": ["c"]}}, "1 to 60 characters"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"options": []}, "options must be an object"),
        ({"options": {"magic": 1}}, "has no option 'magic'"),
        ({"options": {"granularity": "letter"}}, "granularity must be one of"),
        ({"options": {"mask_operator": []}}, "mask_operator must be one of"),
        ({"options": {"words_per_class": 31}}, "between 1 and 30"),
        ({"options": {"k": 0}}, "k must be a whole number"),
        ({"options": {"pruning_order": "up"}}, "pruning_order must be one of"),
        ({"options": {"examples": {"World": ["x"]}}}, "texts of each class"),
        ({"options": {"examples": {"World": "x"}}}, "a list of texts"),
        ({"options": {"examples": {n: ["x"] * 51 for n in TASKS["ag_news"].labels}}}, "limited to 200"),
    ],
)
def test_faulty_requests_are_refused_with_the_fix(settings, message):
    with pytest.raises(MaskwiseError, match=message):
        ClassificationRequest(**{"text": TEXT, **settings})


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_refused(text):
    with pytest.raises(MaskwiseError, match="The text is empty"):
        explain(text)


@pytest.mark.parametrize("kind", ["roberta", "distilbert", "albert", "electra", "modernbert"])
def test_other_architectures(kind, monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: tiny_masked(kind))
    words = {"A": ["movie"], "B": ["quick"]}
    result = explain(task="custom", label_words=words)[-1]
    assert set(result) >= FIELDS and result["model"] == f"tiny-{kind}"


@pytest.fixture(scope="module")
def client():
    with gr.Blocks(analytics_enabled=False) as demo:
        offer_api()
    _, url, _ = demo.queue().launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield Client(url, verbose=False)
    demo.close()


def test_the_api_streams_and_ends_with_the_explanation(client):
    job = client.submit(TEXT, method="xprompt", options={"iterations": 6}, api_name="/explain_classification")
    events = list(job)
    assert [event["type"] for event in events] == ["prediction", *["step"] * 6, "explanation"]
    assert set(events[-1]) >= FIELDS


def test_errors_reach_the_caller_of_the_api_in_words(client):
    with pytest.raises(Exception, match="none of the classes"):
        client.predict(TEXT, label="Music", api_name="/explain_classification")
