"""What of the fast ways is right is tried out on the model: a way that is off is noticed, and not taken."""

from dataclasses import replace

import pytest
import torch

from benchmarks.verified_models import model_of_kind, verify
from explainers.core.errors import MaskwiseError
from explainers.models.copies.half_precision import HalfLinear, half_copy
from explainers.targets.causal import cache, reading
from explainers.targets.causal.reading import reading_of
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.response import ResponseTarget
from tests.explainers.targets.test_response_target import make_target, some_masks
from tests.slow_reference import slow_token_log_probs


def difference(target) -> float:
    """The largest from the slow computation, over some masks, in nats."""
    masks = some_masks(len(target.spans))
    slow = torch.stack([slow_token_log_probs(target, mask.tolist()).sum() for mask in masks])
    return (target.log_prob(masks) - slow).abs().max().item()


@pytest.fixture
def broken_sharing(monkeypatch):
    """Values of a shared prefix are 5 % too large, which puts log p off by a tenth of a nat and more."""
    expanded = cache.expanded

    def broken(shared, rows, length):
        fresh = expanded(shared, rows, length)
        for layer in fresh.layers:
            layer.values = layer.values * 1.05
        return fresh

    monkeypatch.setattr(cache, "expanded", broken)


@pytest.mark.parametrize("operator", ["zero", "delete"])
def test_sharing_that_is_off_is_noticed_and_not_taken(broken_sharing, operator):
    target = make_target(operator=operator)
    assert not reading_of(target.model).shares
    assert difference(target) < 2e-3


def test_without_the_trial_that_sharing_would_be_wrong(broken_sharing, monkeypatch):
    target = make_target()
    trusting = replace(reading_of(target.model), shares=True)
    monkeypatch.setitem(reading.known_readings, target.model, trusting)
    again = ResponseTarget(target.loaded, target.prompt, target.response_ids)
    assert difference(again) > 0.1


@pytest.mark.parametrize("operator", ["zero", "delete"])
def test_sharing_that_raises_is_not_taken(monkeypatch, operator):
    def failing(shared, rows, length):
        raise NotImplementedError("this cache cannot be copied")

    monkeypatch.setattr(cache, "expanded", failing)
    target = make_target(operator=operator)
    assert not reading_of(target.model).shares and difference(target) < 2e-3


def test_hiding_that_is_off_is_noticed_and_words_are_left_out(monkeypatch):
    """A model that moves no word up, whatever positions it is told."""
    target = make_target(operator="delete")
    rotary = target.model.model.rotary_emb
    told = rotary.forward
    rotary.forward = lambda x, position_ids: told(x, torch.arange(x.shape[1])[None] + position_ids[:, :1])
    reading.known_readings.pop(target.model, None)
    assert not reading_of(target.model).hides
    again = ResponseTarget(target.loaded, target.prompt, target.response_ids, "delete")
    assert difference(again) < 2e-3


def test_a_model_that_embeddings_do_not_stand_for_is_refused():
    target = make_target()
    reading.known_readings.pop(target.model, None)
    forward = target.model.forward

    def other(input_ids=None, inputs_embeds=None, **arguments):
        shift = 0.0 if inputs_embeds is None else 0.05 * inputs_embeds.roll(1, -1)
        embeds = target.model.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        return forward(inputs_embeds=embeds + shift, **arguments)

    target.model.forward = other
    with pytest.raises(MaskwiseError, match="read more of a word than its embedding"):
        ResponseTarget(target.loaded, target.prompt, target.response_ids)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_copy_that_multiplies_in_bfloat16_is_read_in_the_same_fast_ways(kind, monkeypatch):
    """Its products depend a little on how much is read at once. Without the fast ways every batch would read
    the whole prompt anew."""
    exact = HalfLinear.forward
    monkeypatch.setattr(
        HalfLinear, "forward", lambda self, states: exact(self, states) * (1 + 5e-4 * states.shape[1])
    )
    model = make_target(kind).model
    whole, rounded = (replace(reading_of(m), readout=None) for m in (model, half_copy(model)))
    assert rounded == whole
    assert rounded.shares and rounded.crops


def test_a_kind_that_writes_to_what_it_is_given_is_read_in_the_fast_ways():
    """CTRL scales embeddings in place: what was read twice was scaled twice."""
    model = model_of_kind("ctrl")
    inputs = TokenInputs(model)
    given = inputs.of(torch.tensor([[5, 6, 7]]))
    before = given.clone()
    model(**inputs.arguments(given))
    assert torch.equal(given, before) and reading_of(model).caches
    assert verify("ctrl", "zero").difference < 0.005
