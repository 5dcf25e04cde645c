"""Many texts in one call, tables of results, and the questions, on tiny models."""

import math

import numpy
import pytest

from explainers import (
    compare,
    explain_generation,
    explain_many,
    faithfulness,
    spans_to_frame,
    to_frame,
    what_if,
)
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held
from explainers.reports.many import Refused
from explainers.streams import class_what_if
from explainers.streams import what_if as answers
from tests.tiny_models import tiny_causal, tiny_masked

TINY = {Task.GENERATION: tiny_causal("llama", chat=True), Task.CLASSIFICATION: tiny_masked("bert")}
PROMPTS = ["Write a short story.", " ", "Paris is the capital of France."]
QUICK = {"method": "feature_ablation", "k": 2, "max_new_tokens": 4}
GIVEN = {name: getattr(TINY[Task.GENERATION], name) for name in ("model", "tokenizer")}


@pytest.fixture(autouse=True)
def loads(monkeypatch):
    """The models that were loaded by name."""
    loads = []

    def load(name, task, *how):
        loads.append(task)
        return TINY[task]

    monkeypatch.setattr(held, "load_model", load)
    return loads


def test_each_prompt_gives_what_it_gives_alone(loads):
    results = list(explain_many(PROMPTS, **QUICK))
    assert loads == [Task.GENERATION]
    for prompt, result in zip(PROMPTS, results, strict=True):
        if prompt.strip():
            *_, alone = explain_generation(prompt, **QUICK)
            assert result["spans"] == alone["spans"] and result["response"] == alone["response"]
            assert result._repr_html_().startswith("<iframe")
    assert results[1] == {
        "prompt": " ",
        "error": "The prompt is empty. Type a prompt, or choose one of the examples.",
    }
    assert isinstance(results[1], Refused)


def test_results_come_as_they_are_made():
    results = explain_many(iter(PROMPTS[:1] + [None]), **QUICK)
    assert next(results)["prompt"] == PROMPTS[0]
    assert next(results)["error"] == "prompt must be text."


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"kind": "poems"}, "kind must be one of generation, classification"),
        ({"method": "none"}, "method must be one of"),
        ({"kind": "classification", "task": "none"}, "task must be one of"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_loaded(settings, said, loads):
    with pytest.raises(MaskwiseError, match=said):
        explain_many(PROMPTS, **settings)
    assert not loads


@pytest.mark.parametrize("texts", ["Why is the sky blue?", to_frame([])])
def test_one_text_or_a_table_is_no_list_of_texts(texts):
    with pytest.raises(MaskwiseError, match="texts must be a list of texts, or a column of them"):
        explain_many(texts)


def test_a_model_object_explains_many():
    named, given = (list(explain_many(PROMPTS[:1], **QUICK, **how)) for how in ({}, GIVEN))
    assert [row["spans"] for row in named] == [row["spans"] for row in given]
    assert given[0]["revision"] == "object in memory"


def test_a_table_has_a_row_per_text():
    results = list(explain_many(PROMPTS, **QUICK))
    table = to_frame(results)
    assert list(table["prompt"]) == PROMPTS
    assert table["removed"].map(len).tolist() == [2, 0, 2]
    assert table.loc[0, "log_prob"] == results[0]["log_prob"]
    by_name = {metric["name"]: metric["value"] for metric in results[2]["metrics"]}
    assert table.loc[2, "kl"] == by_name["kl"] and math.isnan(table.loc[1, "kl"])
    spans = spans_to_frame(results)
    assert list(spans[spans["result"] == 2]["text"]) == [span["text"] for span in results[2]["spans"]]
    assert not len(spans[spans["result"] == 1]) and spans["removed"].sum() == 4


def test_classes_have_columns_of_their_own():
    (result,) = explain_many(["Stocks fell."], kind="classification", method="gradient_x_input")
    table = to_frame([result])
    shown = [table.loc[0, f"p({each['label']})"] for each in result["labels"]]
    assert sum(shown) == pytest.approx(1) and table.loc[0, "activation"] == result["activation"]["score"]


def test_compare_gives_a_row_per_method():
    found = compare(PROMPTS[0], ["feature_ablation", "tdd"], k=2, max_new_tokens=4, draws=2, **GIVEN)
    table = to_frame(found)
    assert table.equals(to_frame(found["rows"]))
    assert list(table["method"]) == ["feature_ablation", "tdd"]
    assert table["removed"].map(len).tolist() == [2, 2] and found["agreement"][0][0] == 1
    assert table.loc[0, "kl"] == found["rows"][0]["metrics"]["kl"] and found["response"]


@pytest.mark.parametrize("given", [False, True])
def test_what_if_and_faithfulness_ask_the_same_model(given):
    objects = GIVEN if given else {}
    (result,) = explain_many(PROMPTS[:1], **QUICK, **objects)
    removed = [t for t, span in enumerate(result["spans"]) if span["removed"]]
    without = what_if(result, removed, **objects)
    assert without["log_prob_masked"] == pytest.approx(result["log_prob_masked"], abs=1e-3)
    measured = faithfulness(result, draws=2, **objects)
    assert measured.k == 2
    lost = result["log_prob"] - result["log_prob_masked"]
    assert measured.comprehensiveness == pytest.approx(lost, abs=1e-3)


def test_questions_about_a_class():
    settings = {"kind": "classification", "method": "gradient_x_input"}
    (result,) = explain_many(["Stocks fell."], **settings)
    without = what_if(result, [0])
    assert without == class_what_if.class_removal(result, [0])
    assert faithfulness(result, draws=2).k == sum(span["removed"] for span in result["spans"])


def test_what_is_asked_wrongly_is_explained():
    result, refused = explain_many([PROMPTS[0], " "], **QUICK)
    assert len(to_frame(result)) == 1 and len(spans_to_frame(result)) == len(result["spans"])
    for ask, said in (
        (lambda: what_if(result, 3), r"removed must be a list of span numbers, such as \[3\]"),
        (lambda: what_if(refused, [0]), "This holds no explanation. The prompt is empty"),
        (lambda: faithfulness({}), "This holds no explanation. Give a result"),
        (lambda: compare("Hi", "xprompt"), r"methods must be a list of names, such as \['xprompt'\]"),
    ):
        with pytest.raises(MaskwiseError, match=said):
            ask()


def test_nothing_is_kept_of_a_model_whose_weights_may_change():
    (result,) = explain_many(PROMPTS[:1], **QUICK, **GIVEN)
    loaded = tiny_causal("llama", seed=1, chat=True)
    rows = {"model": loaded.model, "tokenizer": loaded.tokenizer}
    before = what_if(result, [0], **rows)["log_prob_masked"]
    loaded.model.lm_head.weight.data *= 0.5
    assert what_if(result, [0], **rows)["log_prob_masked"] != pytest.approx(before, abs=0.01)
    with pytest.raises(MaskwiseError, match="not at hand"):
        answers.target_of(result)


@pytest.mark.parametrize("wrong", [{"retention": 0}, {"retention": 1.0}, {"draws": 0}])
def test_a_share_or_a_count_that_cannot_be_is_refused(wrong):
    (result,) = explain_many(PROMPTS[:1], **QUICK)
    with pytest.raises(MaskwiseError, match="retention must lie between 0 and 1"):
        faithfulness(result, **wrong)


@pytest.mark.parametrize("wrong", [{"retention": "a"}, {"retention": None}, {"draws": 2.5}, {"seed": 2**70}])
def test_what_is_no_such_number_is_refused_in_a_sentence(wrong):
    (result,) = explain_many(PROMPTS[:1], **QUICK)
    with pytest.raises(MaskwiseError, match="retention must lie between 0 and 1"):
        faithfulness(result, **wrong)


def test_what_is_no_list_or_result_is_refused_in_a_sentence():
    for strange in (None, 5):
        with pytest.raises(MaskwiseError, match="texts must be a list of texts"):
            explain_many(strange)
        with pytest.raises(MaskwiseError, match=f"{strange} is no result. Give those of explain_many"):
            to_frame(strange)
    for strange in (None, "text", explain_generation(PROMPTS[0], **QUICK)):
        with pytest.raises(MaskwiseError, match="holds no explanation. Give a result: the last event of"):
            what_if(strange, [0])
    with pytest.raises(MaskwiseError, match=r"removed must be a list of span numbers, such as \[0\]"):
        what_if({"spans": []}, None)


def test_numbers_of_numpy_are_span_numbers():
    (result,) = explain_many(PROMPTS[:1], **QUICK)
    plain = what_if(result, [1, 2])
    assert what_if(result, numpy.array([2, 1])) == plain
    with pytest.raises(MaskwiseError, match=r"such as \[1\]"):
        what_if(result, numpy.int64(1))
