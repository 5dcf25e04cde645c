"""A model in half precision: computed in fp32 where a copy fits; else what its numbers are good to."""

import copy
from dataclasses import replace

import pytest
import torch

from benchmarks.verified_models import ANSWER, BEFORE, PROMPT, byte_tokenizer, model_of_kind
from explainers import EXPLAINERS, read_options
from explainers.core.target import MIN_GAIN
from explainers.core.types import Task
from explainers.models.copies import half_precision, variants
from explainers.models.loaded import LoadedModel
from explainers.streams.classification import run
from explainers.streams.requests.classification import ClassificationRequest
from explainers.targets.base import dtype_name, least_gain_of
from explainers.targets.causal import logits
from explainers.targets.causal.reading import reading_of, rounding_of
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.explainers.targets.test_response_target import make_target, some_masks
from tests.tiny_models import tiny_masked


def in_precision(dtype, kind="llama", **settings):
    """The same target on a copy of its model in another precision."""
    target = make_target(kind, **settings)
    model = copy.deepcopy(target.model).to(torch.bfloat16).to(dtype)  # weights that each precision holds
    return ResponseTarget(
        replace(target.loaded, model=model, dtype=dtype), target.prompt, target.response_ids, screening=False
    )


HALVES = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])


@pytest.fixture
def no_room(monkeypatch):
    """Memory holds no copy of a model."""
    monkeypatch.setattr(variants, "available_bytes", lambda device: 0)


def exactly(target):
    """The same question to the same weights, all of them in fp32."""
    model = copy.deepcopy(target.loaded.model).float()
    loaded = replace(target.loaded, model=model, dtype=torch.float32)
    return ResponseTarget(loaded, target.prompt, target.response_ids, screening=False)


@HALVES
@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt2"])
def test_what_is_reported_of_a_half_model_is_computed_in_fp32(dtype, kind):
    target = in_precision(dtype, kind)
    masks = some_masks(len(target.spans))
    expected = exactly(target).log_prob(masks)
    assert target.log_prob(masks).tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    assert sum(target.token_log_probs(target.full_mask())) == pytest.approx(
        exactly(target).log_prob_of(target.full_mask()), abs=1e-4
    )
    assert target.min_gain == MIN_GAIN and target.loaded.model.dtype is dtype
    assert "weights are in" in target.notes()[0] and "in fp32" in target.notes()[0]


def test_a_model_that_is_trained_between_two_questions_is_copied_anew():
    target = in_precision(torch.bfloat16)
    before = target.log_prob_of(target.full_mask())
    with torch.no_grad():
        target.loaded.model.get_output_embeddings().weight.mul_(1.5)
    again = target.anew()
    after = again.log_prob_of(again.full_mask())
    assert after == pytest.approx(exactly(again).log_prob_of(again.full_mask()), abs=1e-4) != before


def test_a_half_model_screens_and_its_fp32_copy_decides(monkeypatch):
    monkeypatch.setattr(half_precision, "multiplies_bfloat16", lambda device: True)
    alone = in_precision(torch.bfloat16, text="Write a short story about a doctor")
    target = ResponseTarget(alone.loaded, alone.prompt, alone.response_ids)
    method = EXPLAINERS["exhaustive"]
    found = method(read_options(method, {}, 2, 0)).explain(target)
    expected = method(read_options(method, {}, 2, 0)).explain(exactly(alone))
    assert found.mask == expected.mask and "precision" not in found.certificate
    assert target.log_prob_of(found.mask) == pytest.approx(exactly(alone).log_prob_of(found.mask), abs=1e-4)
    assert target.screen and target.screen.estimates


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_least_gain_follows_the_precision(dtype, no_room):
    target = in_precision(dtype)
    assert target.min_gain == least_gain_of(dtype, target.length, rounding_of(target.model))
    assert (target.min_gain == MIN_GAIN) is (dtype is torch.float32)


@HALVES
@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt2"])
def test_differences_are_off_by_less_than_the_least_gain(dtype, kind, no_room):
    target = in_precision(dtype, kind)
    masks = some_masks(len(target.spans))
    errors = target.log_prob(masks) - exactly(target).log_prob(masks)
    assert 0 < errors.max() - errors.min() < target.min_gain


def kind_in_precision(dtype, name, operator="zero"):
    """A kind of the table of verified ones in half precision, and the same weights in fp32."""
    tokenizer, model = byte_tokenizer(), copy.deepcopy(model_of_kind(name)).to(dtype)
    prompt, response = render_prompt(tokenizer, PROMPT, choices=BEFORE), encode_response(tokenizer, ANSWER)
    forms = [
        LoadedModel(name, "random", Task.GENERATION, form, tokenizer, torch.device("cpu"), form.dtype)
        for form in (model, copy.deepcopy(model).float())
    ]
    return [ResponseTarget(form, prompt, response, operator, screening=False) for form in forms]


@HALVES
@pytest.mark.parametrize("kind", ["hrm_text", "nemotron", "phi3"])
def test_the_least_gain_follows_what_a_kind_makes_of_rounding(dtype, kind, no_room):
    target, exact = kind_in_precision(dtype, kind)
    masks = some_masks(len(target.spans))
    errors = target.log_prob(masks) - exact.log_prob(masks)
    assert errors.max() - errors.min() < target.min_gain
    assert (target.min_gain > least_gain_of(dtype, target.length)) is (kind != "phi3")


@HALVES
@pytest.mark.parametrize("kind", ["mpt", "recurrent_gemma"])
def test_words_are_deleted_in_half_precision_where_hiding_them_is_seen_by_little(dtype, kind, no_room):
    target, exact = kind_in_precision(dtype, kind, "delete")
    assert not reading_of(target.model).hides
    masks = some_masks(len(target.spans))
    errors = target.log_prob(masks) - exact.log_prob(masks)
    assert errors.max() - errors.min() < target.min_gain


def test_no_certificate_where_rounding_may_turn_a_choice(no_room):
    """Mixtral sends each word to some of its experts: some masks were off by 7 nats in bfloat16."""
    method = EXPLAINERS["best_swap"]
    half, exact = (
        method(read_options(method, {}, 1, 0)).explain(target)
        for target in kind_in_precision(torch.bfloat16, "mixtral")
    )
    assert "may not hold in this model's precision" in half.certificate and "experts" in half.certificate
    assert "several nats may be rounding" in half.notes[-1]
    assert "precision" not in exact.certificate


@HALVES
@pytest.mark.parametrize("name", ["best_swap", "exhaustive", "xprompt"])
def test_a_certificate_says_to_how_many_nats_it_holds(name, dtype, no_room):
    method = EXPLAINERS[name]
    target = in_precision(dtype, text="Write a short story")
    found = method(read_options(method, {}, 2, 0)).explain(target)
    assert f"holds to {target.min_gain:.2g} nats" in found.certificate
    assert "no fp32 copy" in found.notes[-1] and f"below {target.min_gain:.2g} nats" in found.notes[-1]


def test_a_certificate_in_fp32_says_nothing_of_precision():
    method = EXPLAINERS["best_swap"]
    target = in_precision(torch.float32, text="Write a short story")
    assert "precision" not in method(read_options(method, {}, 2, 0)).explain(target).certificate


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt2", "phi3"])  # a soft cap, a tied layer
def test_logits_of_a_half_model_are_multiplied_in_fp32(kind):
    target = in_precision(torch.bfloat16, kind)
    model = target.loaded.model
    readout, decoder = reading_of(model).readout, model.get_output_embeddings()
    states = torch.randn(3, decoder.in_features, generator=torch.Generator().manual_seed(0)).bfloat16()
    product = states.double() @ decoder.weight.double().T
    cap = getattr(model.config, "final_logit_softcapping", None)
    exact = torch.tanh(product / cap) * cap if cap else product
    assert readout(states).dtype is torch.float32
    assert torch.allclose(readout(states).double(), exact, atol=1e-4)
    assert not torch.allclose(decoder(states).double(), product, atol=1e-4)


def test_weights_are_widened_a_slice_at_a_time(monkeypatch):
    decoder = torch.nn.Linear(8, 30, dtype=torch.bfloat16)
    states = torch.randn(2, 8, dtype=torch.bfloat16)
    whole = logits.fp32_product(decoder, states)
    monkeypatch.setattr(logits, "SLICE_BYTES", 4 * 8 * 7)
    assert torch.allclose(logits.fp32_product(decoder, states), whole, atol=1e-6)


GRADIENTS = ["gradient_x_input", "integrated_gradients", "attn_lrp", "flash_trace", "tdd"]


@HALVES
@pytest.mark.parametrize("name", GRADIENTS)
def test_scores_of_a_half_model_are_computed_in_fp32(dtype, name):
    target, method = in_precision(dtype), EXPLAINERS[name]
    found, expected = (
        method(read_options(method, {}, 2, 0)).explain(each) for each in (target, exactly(target))
    )
    largest = max(map(abs, expected.scores))
    assert found.scores == pytest.approx(expected.scores, abs=3e-4 * largest)
    assert any("log p and gradients were computed from them in fp32" in note for note in found.notes)


@HALVES
def test_xprompt_draws_by_gradients_in_fp32(dtype):
    target = in_precision(dtype)
    expected = exactly(target).mask_gradient()
    assert torch.allclose(target.mask_gradient(), expected, atol=3e-4 * expected.abs().max().item())


@HALVES
def test_half_models_without_a_copy_have_gradients(dtype, no_room):
    target = in_precision(dtype)
    gradient = target.mask_gradient()
    assert gradient.isfinite().all() and gradient.any()
    assert "Log p and gradients were computed in" in target.notes()[-1]


@HALVES
def test_a_half_model_writes_in_its_own_precision_and_says_so(dtype):
    target = in_precision(dtype)
    assert target.kept_embeds(target.full_mask()).dtype is dtype
    assert f"Answers are written in {dtype_name(dtype)}" in target.notes()[-1]
    assert not any("written in" in note for note in in_precision(torch.float32).notes())


@HALVES
def test_a_half_model_reads_what_masks_share_once(dtype, no_room):
    target = in_precision(dtype)
    target.scorer.batch_size = 4
    spans = len(target.spans)
    masks = torch.ones(spans, spans) - torch.eye(spans)
    errors = target.log_prob(masks) - exactly(target).log_prob(masks)
    assert target.scorer.prefix.reference == (1,) * spans
    assert errors.max() - errors.min() < target.min_gain


def test_what_is_read_at_once_agrees_with_one_by_one():
    target, alone = in_precision(torch.bfloat16), in_precision(torch.bfloat16)
    masks = some_masks(len(target.spans))
    single = [alone.log_prob(mask[None]).item() for mask in masks]
    assert target.log_prob(masks).tolist() == pytest.approx(single, abs=target.min_gain)


def test_classes_are_scored_in_fp32():
    tiny = tiny_masked("bert")
    half = replace(tiny, model=copy.deepcopy(tiny.model).bfloat16(), dtype=torch.bfloat16)
    whole = replace(tiny, model=copy.deepcopy(half.model).float())
    asked = ClassificationRequest("the movie was great", "sst2", method="feature_ablation")

    def probabilities(loaded):
        *_, found = run(asked, loaded=loaded)
        assert any("weights are in bfloat16" in note for note in found["method_notes"]) is (loaded is half)
        return [row["probability"] for row in found["labels"]]

    assert probabilities(half) == pytest.approx(probabilities(whole), abs=1e-6)
