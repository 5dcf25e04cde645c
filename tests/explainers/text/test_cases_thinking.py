"""Thinking before an answer: recognised, said, and explained or skipped as chosen."""

import re

import pytest

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt
from explainers.models import held
from explainers.streams import generation, what_if
from explainers.streams.generation import GenerationRequest
from explainers.text.prompts import encode_response
from explainers.text.thinking import MARKS, answer_after_thinking, heed_thinking
from tests.tiny_models import CHATML, byte_level_tokenizer, tiny_causal

OPENED = CHATML.replace("assistant\n", "assistant\n<think>\n")
TOKENIZER = byte_level_tokenizer(chat=True)


def heeded(response, choice, rendered="<|im_start|>assistant\n"):
    prompt = Prompt("Hi", (), (), (("template", rendered),))
    return heed_thinking(TOKENIZER, prompt, encode_response(TOKENIZER, response), choice)


@pytest.mark.parametrize(("begins", "ends"), MARKS.items())
def test_the_answer_after_the_thinking(begins, ends):
    response = f"{begins}\nLet me see: 4.\n{ends}\n\nIt is 🎉 four."
    ids = encode_response(TOKENIZER, response)
    start, end = answer_after_thinking(TOKENIZER, ids, opened=False)
    assert TOKENIZER.decode(ids[start:end]).lstrip() == "It is 🎉 four." and end == len(ids)
    assert ends not in TOKENIZER.decode(ids[start:end])


def test_an_answer_may_begin_with_a_character_of_several_tokens():
    ids = encode_response(TOKENIZER, "hm</think>🎉")
    start, end = answer_after_thinking(TOKENIZER, ids, opened=True)
    assert TOKENIZER.decode(ids[start:end]) == "🎉"


@pytest.mark.parametrize("choice", ["off", "explain", "skip"])
def test_where_nothing_thinks_nothing_is_said(choice):
    prompt, part = heeded("It is four.", choice)
    assert prompt.notes == () and part is None


@pytest.mark.parametrize(
    ("rendered", "choice", "said"),
    [
        ("assistant\n<think>\n", "off", "opens its thinking, so what is explained is the thinking.*skip"),
        ("assistant\n<think>\n", "explain", "begins with the model's thinking.*skip"),
        ("assistant\n[THINK]", "off", "opens its thinking"),
        ("assistant\n<think>\n", "skip", "the answer after the model's thinking"),
    ],
)
def test_opened_thinking_is_said(rendered, choice, said):
    prompt, _ = heeded("hm</think>[/THINK] Four.", choice, rendered)
    (note,) = prompt.notes
    assert re.search(said, note)


def test_thinking_without_an_end_is_refused_where_it_is_skipped():
    with pytest.raises(MaskwiseError, match="not come to its end.*longer answer"):
        heeded("hm, let me", "skip", "<think>\n")
    with pytest.raises(MaskwiseError, match="stops where the thinking ends"):
        heeded("hm</think>\n\n", "skip", "<think>\n")


def test_a_result_says_that_thinking_was_explained_and_can_skip_it(monkeypatch):
    loaded = tiny_causal("llama", chat=True)
    loaded.tokenizer.chat_template = OPENED
    monkeypatch.setattr(held, "load_model", lambda *name: loaded)
    monkeypatch.setattr("explainers.streams.report.text_metrics", lambda *answers: [])
    settings = {
        "method": "feature_ablation",
        "k": 1,
        "max_new_tokens": 2,
        "response": "Two and two</think>\n\nFour.",
    }
    *_, whole = generation.run(GenerationRequest("What is 2 + 2?", **settings))
    *_, after = generation.run(GenerationRequest("What is 2 + 2?", thinking="skip", **settings))
    assert "so what is explained is the thinking" in whole["notes"][0] and whole["part"] is None
    assert "the answer after" in after["notes"][0]
    tokens = after["response_tokens"][slice(*after["part"])]
    assert "".join(token["text"] for token in tokens).strip() == "Four."
    assert after["log_prob"] == pytest.approx(sum(token["log_prob"] for token in tokens), abs=1e-4)
    again = what_if.removal(after, [t for t, span in enumerate(after["spans"]) if span["removed"]])
    assert again["log_prob_masked"] == pytest.approx(after["log_prob_masked"], abs=1e-4)
