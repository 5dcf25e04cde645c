"""Texts of every kind reach a result: half characters, marks and controls, scripts without a dictionary."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explainers.core.types import Task
from explainers.core.unicode import whole_characters
from explainers.models import held
from explainers.streams import classification, generation
from explainers.streams.requests.classification import ClassificationRequest
from explainers.streams.requests.generation import GenerationRequest
from explainers.text.prompts import render_prompt
from tests.tiny_models import byte_level_tokenizer, tiny_causal, tiny_masked

HALF = "hello \ud83d world"


@given(st.text(st.characters(exclude_categories=())))
def test_half_characters_alone_are_replaced(text):
    whole = whole_characters(text)
    assert whole.encode("utf-8").decode("utf-8") == whole
    assert whole_characters(whole) == whole
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert whole == text


def test_half_characters_within_lists_and_objects():
    given = {"a\udc00": [HALF, ("\ud83d\ude00", 3, None)]}
    assert whole_characters(given) == {"a\ufffd": ["hello \ufffd world", ("😀", 3, None)]}


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    models = {Task.GENERATION: tiny_causal("llama", chat=True), Task.CLASSIFICATION: tiny_masked("bert")}
    monkeypatch.setattr(held, "load_model", lambda name, task, *more: models[task])
    monkeypatch.setattr("explainers.streams.report.text_metrics", lambda *answers: [])


def explained(**settings):
    request = GenerationRequest(method="random_removal", k=1, max_new_tokens=2, **settings)
    *_, explanation = generation.run(request)
    return json.loads(json.dumps(explanation).encode("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        HALF,
        "a\x00b and \x07 bells",
        "\u202eright to left\u202c and \u2066isolated\u2069",
        "Z\u0335\u0322\u031a" * 20 + "algo",
        "\ufeffmarked \u200b\u200d joined",
        "\U000e0041 tags and \uffff no characters",
    ],
    ids=["half a pair", "controls", "bidi", "storm", "invisible", "no characters"],
)
def test_any_text_is_explained(text):
    explanation = explained(prompt=text, response=text, system_prompt=text)
    assert explanation["prompt"] == whole_characters(text)
    for span in explanation["spans"]:
        assert explanation["prompt"][span["start"] : span["end"]] == span["text"]


def test_half_characters_in_a_classified_text_and_its_classes():
    words = {"up\ud83d": ["great"], "down": ["bad"]}
    request = ClassificationRequest(HALF, task="custom", method="feature_ablation", label_words=words)
    *_, explanation = classification.run(request)
    assert explanation["text"] == "hello \ufffd world"
    assert {*explanation["label_words"]} == {"up\ufffd", "down"}


@pytest.mark.parametrize(
    ("text", "units", "spans"),
    [
        ("ᥖᥭᥰ", "single characters", 3),
        ("བོད་ཡིག", "syllables", 3),  # and the mark between them
        ("ꦧꦱꦗꦮ", "whole runs of letters", 1),
        ("ᬩᬲᬩᬮᬶ", "whole runs of letters", 1),
    ],
)
def test_what_stands_for_words_of_a_script_without_a_dictionary(text, units, spans):
    prompt = render_prompt(byte_level_tokenizer(), text)
    assert len(prompt.spans) == spans and prompt.notes[0].endswith(f"its spans are {units}.")


def test_a_script_without_a_dictionary_is_noted():
    assert explained(prompt="ᨣᩤᩴᨾᩮᩬᩥᨦ")["notes"][0].startswith("Your text holds a script without spaces")
    assert not render_prompt(byte_level_tokenizer(), "ᨣᩤᩴᨾᩮᩬᩥᨦ", "token").notes
    assert not render_prompt(byte_level_tokenizer(), "今天 วันนี้ hello").notes
