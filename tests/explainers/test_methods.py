"""What each method of the first paper computes, held against its definition."""

import itertools

import pytest
import torch

from explainers import EXPLAINERS, explainers_for, read_options
from explainers.core.types import Explanation, SearchStep, Task
from explainers.xprompt import first_mask, swap_search
from tests.explainers.targets.test_response_target import make_target

QUICK = {
    "integrated_gradients": {"steps": 8},
    "captum_kernel_shap": {"samples": 30},
    "xprompt": {"iterations": 20},
    "proxy_spex": {"samples": 60},
    "mexgen": {"per_part": 3},
}


def explain(name, target, k=3, **options):
    method = EXPLAINERS[name]
    return method(read_options(method, {**QUICK.get(name, {}), **options}, k)).explain(target)


@pytest.mark.usefixtures("learned_heads", "few_trees")
@pytest.mark.parametrize("name", explainers_for(Task.GENERATION))
def test_every_method_keeps_the_contract(name):
    method = EXPLAINERS[name]
    explainer = method(read_options(method, QUICK.get(name, {}), k=2, seed=1))
    target = make_target()
    *events, explanation = explainer.stream(target)
    steps = [event for event in events if isinstance(event, SearchStep)]
    shown = [event for event in events if not isinstance(event, SearchStep)]
    assert all(step.mask.count(0) <= 2 for step in steps)
    assert all(isinstance(event, Explanation) and not event.final for event in shown)
    assert isinstance(explanation, Explanation) and explanation.final
    assert explanation.method == name and explanation.spans == target.spans
    assert explanation.mask.count(0) == 2
    assert target.forward_passes <= 1.5 * explainer.passes(len(target.spans))
    again = method(explainer.options).explain(make_target())
    assert (again.scores, again.mask) == (explanation.scores, explanation.mask)


@pytest.mark.parametrize("operator", ["zero", "delete", "replace"])
def test_feature_ablation_equals_captums(operator):
    ours = explain("feature_ablation", make_target(operator=operator)).scores
    theirs = explain("captum_feature_ablation", make_target(operator=operator)).scores
    assert ours == pytest.approx(theirs, abs=2e-3)
    assert max(map(abs, ours)) > 0.1


def test_shapley_values_add_up_to_the_whole_effect():
    target = make_target(text="Write a short story")
    scores = explain("captum_shapley", target, permutations=3).scores
    none = target.log_prob_of((0,) * len(target.spans))
    assert sum(scores) == pytest.approx(target.log_prob_of(target.full_mask()) - none, abs=1e-2)


def test_gradient_x_input_is_the_mask_gradient():
    target = make_target()
    assert explain("gradient_x_input", target).scores == pytest.approx(
        target.mask_gradient().tolist(), abs=1e-4
    )


@pytest.mark.parametrize("baseline", ["zero", "replace"])
def test_integrated_gradients_are_complete(baseline):
    target = make_target(operator=baseline)
    scores = explain("integrated_gradients", target, steps=300, baseline=baseline).scores
    nothing = target.log_prob_of((0,) * len(target.spans))
    assert sum(scores) == pytest.approx(target.log_prob_of(target.full_mask()) - nothing, rel=0.05, abs=0.5)


def test_a_large_completeness_gap_is_reported():
    explanation = explain("integrated_gradients", make_target(), steps=2)
    assert "The gap is large: raise the path steps above 2" in explanation.notes[0]


def test_first_mask_follows_its_definition():
    gradient = torch.tensor([3.0, -5.0, 1.0, 4.0])
    generator = torch.Generator().manual_seed(0)
    assert first_mask(gradient, 2, "abs", generator).tolist() == [1, 0, 1, 0]
    assert first_mask(gradient, 2, "first_order", generator).tolist() == [0, 1, 1, 0]
    assert first_mask(gradient, 2, "official", generator).tolist() == [1, 0, 0, 1]


def planted(masks, bound):
    """Spans 2 and 5 mostly stand in for each other: only their joint removal costs much."""
    without_2, without_5 = 1 - masks[:, 2], 1 - masks[:, 5]
    return -1.0 - 0.2 * (without_2 + without_5) - 10.0 * without_2 * without_5 - 0.1 * (1 - masks[:, 0])


def test_search_finds_a_planted_joint_answer():
    generator = torch.Generator().manual_seed(0)
    draws = torch.rand(200, 2, generator=generator, dtype=torch.float64)
    start = torch.tensor([0, 0, 1, 1, 1, 1, 1, 1])
    *_, last = swap_search(start, torch.zeros(8), draws, planted)
    assert [t for t, kept in enumerate(last.mask) if not kept] == [2, 5]


@pytest.mark.parametrize("seed", range(20))
def test_looking_ahead_does_not_change_the_path(seed):
    target = make_target(granularity="token")
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(40, 2, generator=generator, dtype=torch.float64)
    weights = target.mask_gradient().abs()
    start = first_mask(weights, 3, "random", generator)
    sizes = ((1, 1), (8, 8), (4, 64))
    one, eight, large = (list(swap_search(start, weights, draws, target.first_below, size)) for size in sizes)
    assert [s.mask for s in one] == [s.mask for s in eight] == [s.mask for s in large]
    assert [s.accepted for s in one] == [s.accepted for s in eight] == [s.accepted for s in large]
    assert any(s.accepted for s in one)


def test_search_reaches_the_optimum_on_a_small_prompt():
    target = make_target(text="Write a short story about a doctor")
    count = len(target.spans)
    sets = list(itertools.combinations(range(count), 2))
    masks = torch.tensor([[int(t not in chosen) for t in range(count)] for chosen in sets])
    best = target.log_prob(masks).min().item()
    explanation = explain("xprompt", target, k=2, iterations=300)
    assert target.log_prob_of(explanation.mask) == pytest.approx(best, abs=2e-3)


def test_shapley_sampling_equals_captums():
    target = make_target(text="Write a short story")
    ours = explain("shapley_sampling", target, permutations=3).scores
    theirs = explain("captum_shapley", make_target(text="Write a short story"), permutations=3).scores
    assert ours == pytest.approx(theirs, abs=2e-3)
