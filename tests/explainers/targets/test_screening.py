"""What a Screen promises: the values that decide are exact, whatever the estimates say within their bound."""

from dataclasses import replace

import pytest
import torch

from explainers.models.copies.half_precision import half_copy
from explainers.targets.remembered import Remembered
from explainers.targets.response import Evaluated, ResponseTarget
from explainers.targets.screening import CALIBRATION, Screen
from tests.explainers.targets.test_response_target import make_target, some_masks
from tests.synthetic import SyntheticTarget, hashed, random_problem
from tests.tiny_models import CAUSAL_KINDS

SPANS = 12


def random_masks(n, seed=0):
    return (torch.rand(n, SPANS, generator=torch.Generator().manual_seed(seed)) > 0.3).int()


@pytest.mark.parametrize("seed", range(20))
def test_the_first_below_is_the_true_one(seed):
    value = random_problem(seed, SPANS)
    target = SyntheticTarget(SPANS, value, lambda masks: 0.4 * hashed(masks))
    for part in random_masks(160, seed).split(16):
        true = value(part)
        bound = true.quantile(0.2).item()
        screened = target.first_below(part, bound)
        first = int((true < bound).long().argmax())
        assert screened[first].item() == pytest.approx(true[first].item(), abs=1e-9)
        assert (screened[:first] >= bound).all()


@pytest.mark.parametrize("seed", range(20))
def test_the_lowest_is_the_true_one(seed):
    value = random_problem(seed, SPANS)
    target = SyntheticTarget(SPANS, value, lambda masks: 0.4 * hashed(masks))
    for part in random_masks(160, seed).split(16):
        true, screened = value(part), target.lowest(part)
        assert screened.argmin() == true.argmin()
        assert screened.min().item() == pytest.approx(true.min().item(), abs=1e-9)
    assert target.forward_passes < 120


def test_errors_beyond_the_bound_are_reported():
    """An error that the calibration cannot foresee: small in what is confirmed, large in what is not."""
    value = random_problem(0, SPANS)
    threshold = value(random_masks(400)).quantile(0.5).item()
    honest = SyntheticTarget(SPANS, value, lambda masks: 0.01 * hashed(masks))
    dishonest = SyntheticTarget(SPANS, value, lambda masks: 0.01 + 5.0 * (value(masks) > threshold))
    for target in (honest, dishonest):
        for part in random_masks(400).split(16):
            target.lowest(part)
    assert "repeat this run without screening" not in honest.notes()[0]
    assert "repeat this run without screening" in dishonest.notes()[0]


def test_the_note_counts_what_was_done():
    target = SyntheticTarget(SPANS, random_problem(1, SPANS), lambda masks: 0.1 * hashed(masks))
    target.lowest(random_masks(100))
    screen = target.screen
    assert len(screen.errors) == target.forward_passes >= CALIBRATION
    assert target.notes()[0].startswith(
        f"{len(screen.estimates)} masks were screened in bfloat16; {len(screen.errors)}"
    )
    assert screen.bound >= 4 * (sum(e**2 for e in screen.errors.values()) / len(screen.errors)) ** 0.5 - 1e-9


def test_nothing_is_screened_that_is_known():
    target = SyntheticTarget(SPANS, random_problem(1, SPANS), lambda masks: 0.1 * hashed(masks))
    masks = random_masks(20)
    target.log_prob(masks)
    assert target.lowest(masks).tolist() == target.log_prob(masks).tolist()
    assert target.notes() == ()


def screened_target(kind="llama", **settings) -> ResponseTarget:
    """A ResponseTarget that screens although its model is tiny."""
    target = make_target(kind, **settings)
    target.rough_scorer = target.question.scorer_on(replace(target.loaded, model=half_copy(target.model)))
    target.screen = Screen(Remembered(target.rough_scorer.log_prob), target.scored)
    return target


@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_bfloat16_estimates_are_near_and_not_equal(kind):
    target = screened_target(kind)
    masks = some_masks(len(target.spans))
    rough, exact = target.rough_scorer.log_prob(masks), target.log_prob(masks)
    assert (rough - exact).abs().max() < 3
    assert (rough - exact).abs().max() > 1e-3


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
def test_a_screened_target_finds_the_same_first_and_lowest(operator):
    plain, screened = make_target(operator=operator), screened_target(operator=operator)
    masks = some_masks(len(plain.spans), 60, seed=3)
    exact = plain.log_prob(masks)
    assert screened.lowest(masks).argmin() == exact.argmin()
    bound = exact.quantile(0.05).item()
    fresh = screened_target(operator=operator)
    first = int((exact < bound).long().argmax())
    assert int((fresh.first_below(masks, bound) < bound).long().argmax()) == first


def test_every_layer_of_gpt2_is_halved():
    from explainers.models.copies.half_precision import HalfLinear

    half = half_copy(make_target("gpt2").model)
    kinds = {type(module).__name__ for module in half.modules()}
    assert "Conv1D" not in kinds and any(isinstance(module, HalfLinear) for module in half.modules())


def test_a_screened_target_can_recall_what_was_evaluated():
    target, plain = screened_target(), make_target()
    masks = some_masks(len(plain.spans), 40, seed=5)
    target.lowest(masks[:20])
    target.recall(Evaluated())
    assert target.lowest(masks).min().item() == pytest.approx(plain.log_prob(masks).min().item(), abs=1e-3)
    assert target.lowest(masks).argmin() == plain.log_prob(masks).argmin()
