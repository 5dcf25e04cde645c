"""A model object in place of a name, and a result that a notebook shows."""

import json
from html import unescape

import pytest
import torch

from components.sharing.code import python_lines
from components.sharing.records import read_record
from explainers import explain_classification, explain_generation
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held
from explainers.streams import class_what_if, what_if
from tests.tiny_models import tiny_causal, tiny_masked

PROMPT = "Write a <b>story</b> about a doctor."
TEXT = "Stocks fell & <i>traders</i> were sad."
SMALL = {"method": "xprompt", "k": 2, "max_new_tokens": 5, "options": {"iterations": 6}}

CAUSAL, MASKED = tiny_causal("llama"), tiny_masked("bert")


def of_generation(**settings):
    return list(explain_generation(PROMPT, **SMALL, **settings))


def of_class(**settings):
    return list(explain_classification(TEXT, method="gradient_x_input", **settings))


EXPLAINED = {
    Task.GENERATION: (of_generation, lambda: tiny_causal("llama", chat=True)),
    Task.CLASSIFICATION: (of_class, lambda: tiny_masked("bert")),
}


@pytest.mark.parametrize("task", EXPLAINED)
def test_an_object_gives_what_its_name_gives(task, monkeypatch):
    explain, make = EXPLAINED[task]
    loaded = make()
    monkeypatch.setattr(held, "load_model", lambda name, task, *how: loaded)
    *_, named = explain()
    monkeypatch.setattr(held, "load_model", None)
    *_, given = explain(model=loaded.model, tokenizer=loaded.tokenizer)
    assert given["spans"] == named["spans"] and given["log_prob"] == named["log_prob"]
    assert given["revision"] == "object in memory"
    assert given["model"] == (loaded.model.config._name_or_path or type(loaded.model).__name__)


@pytest.mark.parametrize("task", EXPLAINED)
def test_an_object_comes_back_as_it_was(task):
    explain, make = EXPLAINED[task]
    loaded = make()
    model = loaded.model.train().requires_grad_(True)
    half = list(model.modules())[1]
    half.eval()
    frozen = next(model.parameters()).requires_grad_(False)
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    explain(model=model, tokenizer=loaded.tokenizer)
    assert [module.training for module in model.modules()] == modes and not half.training
    assert not frozen.requires_grad
    assert sum(weight.requires_grad for weight in model.parameters()) == len(list(model.parameters())) - 1
    assert all(weight.grad is None for weight in model.parameters())
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_an_object_left_in_mid_run_comes_back_as_it_was():
    loaded = tiny_causal("llama", chat=True)
    model = loaded.model.train()
    events = explain_generation(PROMPT, model=model, tokenizer=loaded.tokenizer, **SMALL)
    while next(events)["type"] != "step":
        pass
    assert not model.training
    events.close()
    assert model.training


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": object()}, "Give a name, or a model object"),
        ({"tokenizer": object()}, "goes with a model object"),
        ({"model": CAUSAL.model}, "needs its tokenizer"),
        ({"model": MASKED.model, "tokenizer": MASKED.tokenizer}, "does not fit"),
        ({"model": CAUSAL.model, "tokenizer": CAUSAL.tokenizer, "device": "cpu"}, "used where it is"),
    ],
)
def test_what_does_not_go_together_is_said(settings, said):
    with pytest.raises(MaskwiseError, match=said):
        of_generation(**settings)


def test_device_and_dtype_reach_the_loading_of_a_name(monkeypatch):
    asked = []

    def load(name, task, **where):
        asked.append((name, task, where))
        return tiny_causal("llama", chat=True)

    monkeypatch.setattr(held, "load_model", load)
    of_generation(device="cpu", dtype="float32", model="some/model")
    of_generation()
    assert asked == [
        ("some/model", Task.GENERATION, {"device": "cpu", "dtype": "float32"}),
        ("", Task.GENERATION, {}),
    ]


@pytest.mark.parametrize("task", EXPLAINED)
def test_a_result_shows_itself(task):
    explain, make = EXPLAINED[task]
    loaded = make()
    *_, result = explain(model=loaded.model, tokenizer=loaded.tokenizer)
    shown = result._repr_html_()
    assert shown.startswith("<iframe") and shown.count("<") == 2  # the page within is escaped
    page = unescape(shown)
    assert "default-src" in page and ("Without " in page or "reads this as" in page)
    assert "&lt;" in page and "<b>" not in page and "<i>" not in page
    assert json.loads(json.dumps(result)) == dict(result)
    assert read_record(json.dumps(result.record), str(task)) == json.loads(json.dumps(result.record))


def test_a_question_is_never_put_to_another_model_of_that_name(monkeypatch):
    monkeypatch.setattr(held, "load_model", None)
    *_, result = of_generation(model=CAUSAL.model, tokenizer=CAUSAL.tokenizer)
    with pytest.raises(MaskwiseError, match="a model object that is not at hand"):
        what_if.removal(result, [0])
    *_, result = of_class(model=MASKED.model, tokenizer=MASKED.tokenizer)
    with pytest.raises(MaskwiseError, match="a model object that is not at hand"):
        class_what_if.class_removal(result, [0])


def test_the_code_of_an_object_says_that_it_needs_one():
    *_, result = of_generation(model=CAUSAL.model, tokenizer=CAUSAL.tokenizer)
    assert "# Its model was an object: give it as model=…, with tokenizer=…." in python_lines(result.record)
