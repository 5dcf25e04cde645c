"""log p of a response under masks, against a slow computation, on every architecture."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from explainers import EXPLAINERS
from explainers.core.errors import MaskwiseError
from explainers.models.copies.half_precision import half_copy
from explainers.targets.remembered import Remembered
from explainers.targets.response import Evaluated, ResponseTarget
from explainers.targets.screening import Screen
from explainers.text.prompts import encode_response, render_prompt
from tests.slow_reference import slow_token_log_probs
from tests.tiny_models import CAUSAL_KINDS, tiny_causal

TEXT = "Write a short story, about a doctor & his patient.\nIt was good!"


def make_target(
    kind="llama", operator="zero", granularity="word", chat=True, text=TEXT, answer="Once upon a time"
):
    loaded = tiny_causal(kind, chat=chat)
    prompt = render_prompt(loaded.tokenizer, text, granularity)
    return ResponseTarget(loaded, prompt, encode_response(loaded.tokenizer, answer), operator)


def some_masks(count, n=6, seed=0):
    masks = (torch.rand(n, count, generator=torch.Generator().manual_seed(seed)) > 0.3).int()
    masks[0], masks[1] = 1, 0
    return masks


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_log_prob_equals_slow_computation(kind, operator, chat):
    target = make_target(kind, operator, chat=chat)
    masks = some_masks(len(target.spans))
    fast = target.log_prob(masks)
    slow = [slow_token_log_probs(target, mask.tolist()).sum().item() for mask in masks]
    assert fast.tolist() == pytest.approx(slow, abs=2e-3)
    assert max(slow) - min(slow) > 0.1


@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
def test_granularities_equal_slow_computation(granularity):
    target = make_target(granularity=granularity)
    for mask in some_masks(len(target.spans)):
        fast = target.token_log_probs(tuple(mask.tolist()))
        assert fast == pytest.approx(slow_token_log_probs(target, mask.tolist()).tolist(), abs=1e-3)


def check_mask_gradient(target, step=1e-2):
    """The gradient against central differences at the first, a middle and the last span."""
    gradient = target.mask_gradient()
    for t in (0, 3, len(target.spans) - 1):
        masks = torch.ones(2, len(target.spans))
        masks[0, t] += step
        masks[1, t] -= step
        up, down = target.log_prob_from_embeds(target.masked.masked(masks)).tolist()
        assert gradient[t].item() == pytest.approx((up - down) / (2 * step), rel=0.1, abs=0.05)


@pytest.mark.parametrize("operator", ["zero", "replace"])
@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_mask_gradient_equals_finite_differences(kind, operator):
    check_mask_gradient(make_target(kind, operator))


def test_each_distinct_mask_is_evaluated_once():
    target = make_target()
    masks = some_masks(len(target.spans)).repeat(3, 1)
    target.log_prob(masks)
    assert target.evaluations == len(masks)
    assert target.forward_passes == target.distinct_masks == len({tuple(m.tolist()) for m in masks})


def test_forward_can_be_stopped():
    class Stop(Exception):
        pass

    def stop(rows):
        raise Stop

    target = make_target()
    target.on_forward = stop
    with pytest.raises(Stop):
        target.log_prob(some_masks(len(target.spans)))


def test_context_is_bounded():
    with pytest.raises(MaskwiseError, match="context of 512 tokens"):
        make_target(text="word " * 600)


def part_target(kind="llama", operator="zero", part=(2, 5), answer="Once upon a time it was", **settings):
    whole = make_target(kind, operator, answer=answer, **settings)
    return ResponseTarget(whole.loaded, whole.prompt, whole.response_ids, operator, part=part)


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_log_prob_of_a_part_equals_a_slice_of_the_slow_computation(kind, operator):
    target = part_target(kind, operator)
    assert len(target.response_ids) > 5
    masks = some_masks(len(target.spans))
    slow = [slow_token_log_probs(target, mask.tolist()) for mask in masks]  # (S,) each, of the whole
    assert target.log_prob(masks).tolist() == pytest.approx([s[2:5].sum().item() for s in slow], abs=2e-3)
    for mask, tokens in zip(masks.tolist(), slow, strict=True):
        assert target.token_log_probs(tuple(mask)) == pytest.approx(tokens.tolist(), abs=1e-3)


@pytest.mark.parametrize("part", [(0, 1), (0, 4), (3, 5), (4, 5)])
def test_parts_at_either_end(part):
    target = part_target(part=part, answer="Once upon a time")
    masks = some_masks(len(target.spans))
    slow = [slow_token_log_probs(target, mask.tolist())[slice(*part)].sum().item() for mask in masks]
    assert target.log_prob(masks).tolist() == pytest.approx(slow, abs=2e-3)


@pytest.mark.parametrize("operator", ["zero", "replace"])
def test_the_gradient_of_a_part_equals_finite_differences(operator):
    check_mask_gradient(part_target(operator=operator))


def test_what_was_evaluated_is_recalled():
    first, again, evaluated = part_target(), part_target(), Evaluated()
    masks = some_masks(len(first.spans))
    first.recall(evaluated)
    values, tokens = first.log_prob(masks), first.token_log_probs(first.full_mask())
    again.recall(evaluated)
    assert torch.equal(again.log_prob(masks), values)
    assert again.token_log_probs(again.full_mask()) == tokens and again.forward_passes == 0


@pytest.mark.parametrize("part", [(0, 99), (3, 3), (4, 2), (-1, 2), (0.0, 2), ("0", "1"), (1,), "ab", {}])
def test_bad_parts_are_named(part):
    with pytest.raises(MaskwiseError, match="part to explain must be two token numbers"):
        part_target(part=part)


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
def test_captum_explains_the_same_part(operator):
    scores = [
        EXPLAINERS[name]().explain(part_target(operator=operator, text="Write a story")).scores
        for name in ("feature_ablation", "captum_feature_ablation")
    ]
    assert scores[0] == pytest.approx(scores[1], abs=2e-3)


@pytest.mark.parametrize("operator", ["zero", "delete"])
def test_screening_looks_at_the_part_alone(operator):
    target = part_target(operator=operator)
    rough = target.question.scorer_on(replace(target.loaded, model=half_copy(target.model)))
    target.screen = Screen(Remembered(rough.log_prob), target.scored)
    masks = some_masks(len(target.spans), 40, seed=3)
    exact = part_target(operator=operator).log_prob(masks)
    assert target.lowest(masks).argmin() == exact.argmin()
    assert target.lowest(masks).min().item() == pytest.approx(exact.min().item(), abs=1e-3)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("name", ["captum_feature_ablation", "captum_shapley", "captum_kernel_shap"])
def test_captum_removes_all_that_a_prompt_without_a_template_holds(kind, name):
    target = make_target(kind, "delete", chat=False, text="Write a story")
    scores = EXPLAINERS[name]().explain(target).scores
    assert len(scores) == 3 and all(map(math.isfinite, scores))


@pytest.mark.parametrize("name", ["captum_shapley", "captum_kernel_shap"])
def test_captum_leaves_the_global_generators_alone(name):
    torch.manual_seed(1), np.random.seed(1)
    expected = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(1), np.random.seed(1)
    EXPLAINERS[name]().explain(make_target(text="Write a story"))
    assert (torch.rand(1).item(), np.random.rand()) == expected


def test_an_answer_that_shows_no_text_is_said():
    loaded = tiny_causal("llama", chat=True)
    prompt, mark = render_prompt(loaded.tokenizer, TEXT), loaded.tokenizer.all_special_ids[0]
    assert any("shows no text" in note for note in ResponseTarget(loaded, prompt, [mark, mark]).notes())
    assert not any("shows no text" in note for note in make_target().notes())
