"""Damaged models, overflow, the shortest and the longest texts: a right result or one sentence."""

import math

import pytest
import torch

from benchmarks.tiny.decoders import tiny_decoder
from benchmarks.verified_models import byte_tokenizer
from explainers import explain_generation
from explainers.core.errors import MaskwiseError
from explainers.core.types import MetricScore
from explainers.measures.text import METRICS, TEXT_METRICS
from explainers.targets.remembered import Remembered, check_finite
from explainers.text.prompts import encode_response

KINDS = ("llama", "gemma", "gpt2", "mamba", "jamba", "lfm2", "mpt", "opt")
METHODS = ("xprompt", "best_swap", "best_within_budget", "exhaustive", "feature_ablation")
TEXT, CONTEXT = "Tell me of dogs.", 512
every_kind = pytest.mark.parametrize("kind", KINDS)
every_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(autouse=True)
def no_text_metrics(monkeypatch):
    measured = [MetricScore(name, 0.5, METRICS[name]) for name in TEXT_METRICS]
    monkeypatch.setattr("explainers.streams.report.text_metrics", lambda *answers: measured)


def tiny(kind):
    return tiny_decoder(kind, len(byte_tokenizer()))


def explain(model, text=TEXT, method="best_swap", operator="zero", **settings):
    """The explanation; every number in it is finite."""
    options = {"iterations": 3} if method == "xprompt" else {}
    *_, found = explain_generation(
        text,
        model=model,
        tokenizer=byte_tokenizer(),
        method=method,
        mask_operator=operator,
        options=options,
        **{"k": 1, "max_new_tokens": 3, **settings},
    )
    assert all(map(math.isfinite, numbers(found)))
    return found


def numbers(value):
    """All numbers in a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


@torch.no_grad()
def slow(model, text, answer):
    """log p of the answer after the whole text, from token ids at once."""
    before, after = byte_tokenizer()(text).input_ids, torch.tensor(encode_response(byte_tokenizer(), answer))
    ids = torch.cat([torch.tensor(before), after])[None]
    logits = model(input_ids=ids).logits[0, len(before) - 1 : -1].float().log_softmax(-1)
    return logits.gather(1, after[:, None]).sum().item()


# --- check_finite


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_a_value_that_is_no_number_never_reaches_a_result(bad):
    remembered = Remembered(lambda masks: torch.tensor([-1.0, bad]))
    with pytest.raises(MaskwiseError, match="numbers overflow"):
        remembered.of([(0, 1), (1, 0)])
    assert not remembered.known


def test_finite_values_pass():
    check_finite(torch.tensor([-1e30, 0.0, 3.0]))


# --- damaged models


@every_method
@every_kind
def test_damaged_weights_end_in_a_sentence(kind, method):
    model = tiny(kind)
    list(model.parameters())[-1].fill_(float("nan"))
    with pytest.raises(MaskwiseError, match="numbers overflow"):
        explain(model, method=method, response="Once")
    with pytest.raises(MaskwiseError, match="numbers overflow"):
        explain(model, method=method)


def test_a_damaged_model_that_could_not_be_read_anyway_ends_in_a_sentence():
    model = tiny("deepseek_v4")
    list(model.parameters())[-1].fill_(float("nan"))
    with pytest.raises(MaskwiseError, match="read more of a word than its embedding"):
        explain(model, response="Once")


@every_kind
def test_one_damaged_word_ends_in_a_sentence_where_it_is_read(kind):
    model = tiny(kind)
    (token,) = byte_tokenizer()("d").input_ids
    model.get_input_embeddings().weight[token] = float("nan")
    with pytest.raises(MaskwiseError, match="numbers overflow"):
        explain(model, response="Once")


@every_kind
def test_logits_that_overflow_in_float16_end_in_a_sentence(kind):
    model = tiny(kind)
    model.get_output_embeddings().weight.mul_(3e4)
    model.half()
    with pytest.raises(MaskwiseError, match="numbers overflow"):
        explain(model, response="Once")


@every_kind
def test_float16_is_near_fp32(kind):
    model = tiny(kind)
    exact = explain(model, response="Once")
    rough = explain(tiny(kind).half(), response="Once")
    assert rough["log_prob"] == pytest.approx(exact["log_prob"], abs=0.2)


# --- the shortest and the longest


@every_method
@every_kind
def test_an_answer_of_one_token(kind, method):
    model = tiny(kind)
    found = explain(model, method=method, max_new_tokens=1)
    assert len(found["response_tokens"]) == 1
    ids = torch.tensor([byte_tokenizer()(TEXT).input_ids])
    likeliest = model(input_ids=ids).logits[0, -1].log_softmax(-1).max()
    assert found["log_prob"] == pytest.approx(likeliest.item(), abs=1e-3)


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@every_method
@every_kind
def test_a_prompt_of_one_token(kind, method, operator):
    model = tiny(kind)
    found = explain(model, "T", method, operator, response="Once")
    assert found["log_prob"] == pytest.approx(slow(model, "T", "Once"), abs=1e-3)
    assert found["log_prob"] != found["log_prob_masked"]


@every_kind
def test_an_answer_that_ends_at_once(kind):
    model = tiny(kind)
    model.generation_config.eos_token_id = list(range(len(byte_tokenizer())))
    with pytest.raises(MaskwiseError, match="The answer is empty"):
        explain(model)


@pytest.mark.parametrize("operator", ["zero", "delete"])
@every_kind
def test_a_prompt_at_the_edge_of_the_context(kind, operator):
    text = "a b " + "c" * (CONTEXT - 9)  # with the answer, all of the context
    model = tiny(kind)
    found = explain(model, text, operator=operator, response="Once", max_new_tokens=5)
    assert found["log_prob"] == pytest.approx(slow(model, text, "Once"), abs=5e-3)


@pytest.mark.parametrize("kind", ["llama", "gemma", "gpt2", "jamba", "lfm2", "mpt", "opt"])  # mamba has none
def test_a_prompt_beyond_the_context_is_refused(kind):
    with pytest.raises(MaskwiseError, match="context of 512 tokens"):
        explain(tiny(kind), "a b " + "c" * (CONTEXT - 8), response="Once", max_new_tokens=5)


@pytest.mark.parametrize("kind", ["llama", "roberta as a decoder"])
def test_a_prompt_may_fill_the_context_to_the_last_token(kind):
    """RoBERTa counts its positions from behind the padding's, so that it can read fewer."""
    model = tiny(kind)
    bound = 512 - (model.config.pad_token_id + 1 if kind.startswith("roberta") else 0)
    text = "a" * (bound - 3)
    assert explain(model, text, granularity="sentence", response="ye")["log_prob"] < 0
    with pytest.raises(MaskwiseError, match=f"context of {bound} tokens"):
        explain(model, text + "a", granularity="sentence", response="ye")


def test_a_model_that_reads_whole_chunks_needs_positions_for_all_of_the_last_one():
    """Reformer fills its text up to a multiple of 64 tokens, and its positions are those of a grid."""
    model = tiny("reformer")
    model.config.axial_pos_shape = (16, 31)  # 496 positions, of which 448 are whole chunks
    for table in (m for m in model.modules() if hasattr(m, "axial_pos_shape")):
        table.axial_pos_shape = (16, 31)
        table.weights[1] = table.weights[1][:, :31]
    text = "a" * 443
    found = explain(model, text, granularity="sentence", response="Once", max_new_tokens=5)
    assert found["log_prob"] == pytest.approx(slow(model, text, "Once"), abs=5e-3)
    with pytest.raises(MaskwiseError, match="context of 448 tokens"):
        explain(model, text + "a", granularity="sentence", response="Once", max_new_tokens=5)
