"""A model in half precision: what its numbers are good to, and an output layer multiplied in fp32."""

import copy
from dataclasses import replace

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.core.target import MIN_GAIN
from explainers.targets.base import ROUNDING
from explainers.targets.causal import logits
from explainers.targets.causal.reading import reading_of
from explainers.targets.response import ResponseTarget
from tests.explainers.targets.test_response_target import make_target, some_masks


def in_precision(dtype, kind="llama", **settings):
    """The same target on a copy of its model in another precision."""
    target = make_target(kind, **settings)
    model = copy.deepcopy(target.model).to(torch.bfloat16).to(dtype)  # weights that each precision holds
    return ResponseTarget(
        replace(target.loaded, model=model, dtype=dtype), target.prompt, target.response_ids, screening=False
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_least_gain_follows_the_precision(dtype):
    expected = MIN_GAIN if dtype is torch.float32 else ROUNDING * torch.finfo(dtype).eps
    assert in_precision(dtype).min_gain == expected


@pytest.mark.parametrize(
    ("dtype", "said"), [(torch.bfloat16, "holds to 0.47 nats"), (torch.float16, "holds to 0.059 nats")]
)
@pytest.mark.parametrize("name", ["best_swap", "exhaustive", "xprompt"])
def test_a_certificate_says_to_how_many_nats_it_holds(name, dtype, said):
    method = EXPLAINERS[name]
    target = in_precision(dtype, text="Write a short story")
    found = method(read_options(method, {}, 2, 0)).explain(target)
    assert said in found.certificate


def test_a_certificate_in_fp32_says_nothing_of_precision():
    method = EXPLAINERS["best_swap"]
    target = in_precision(torch.float32, text="Write a short story")
    assert "precision" not in method(read_options(method, {}, 2, 0)).explain(target).certificate


@pytest.mark.parametrize("kind", ["llama", "gemma2", "gpt2", "phi3"])  # a soft cap, a tied layer
def test_logits_of_a_half_model_are_multiplied_in_fp32(kind):
    target = in_precision(torch.bfloat16, kind)
    readout, decoder = reading_of(target.model).readout, target.model.get_output_embeddings()
    states = torch.randn(3, decoder.in_features, generator=torch.Generator().manual_seed(0)).bfloat16()
    product = states.double() @ decoder.weight.double().T
    cap = getattr(target.model.config, "final_logit_softcapping", None)
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


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_models_have_gradients(dtype):
    gradient = in_precision(dtype).mask_gradient()
    assert gradient.isfinite().all() and gradient.any()


def test_what_is_read_at_once_agrees_with_one_by_one():
    target, alone = in_precision(torch.bfloat16), in_precision(torch.bfloat16)
    masks = some_masks(len(target.spans))
    single = [alone.log_prob(mask[None]).item() for mask in masks]
    assert target.log_prob(masks).tolist() == pytest.approx(single, abs=target.min_gain)
