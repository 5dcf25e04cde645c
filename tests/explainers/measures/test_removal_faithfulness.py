"""Faithfulness by removal, against slow sums and a planted order."""

import pytest
import torch

from explainers.measures.removal_faithfulness import removal_faithfulness, retention_probabilities
from tests.explainers.targets.test_response_target import make_target
from tests.synthetic import SyntheticTarget, random_problem

WEIGHTS = torch.tensor([4.0, 0, 0, 2, 0, 1, 0, 0], dtype=torch.float64)
MASK = (0, 1, 1, 0, 1, 1, 1, 1)


def additive(masks):
    return -10 + masks.double() @ WEIGHTS


@pytest.mark.parametrize("retention", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("scores", [WEIGHTS, 100 + 1e4 * WEIGHTS, -WEIGHTS, torch.zeros(8).double()])
def test_every_method_keeps_the_same_share(scores, retention):
    probabilities = retention_probabilities(scores, retention)
    assert probabilities.mean().item() == pytest.approx(retention, abs=1e-9)
    assert probabilities.argsort(stable=True).tolist() == scores.argsort(stable=True).tolist()


def test_scale_and_offset_of_the_scores_play_no_part():
    one, other = (retention_probabilities(s, 0.3) for s in (WEIGHTS, 7 + 3 * WEIGHTS))
    assert one.tolist() == pytest.approx(other.tolist())


def test_at_equal_k_it_is_what_the_set_takes_and_what_it_leaves():
    found = removal_faithfulness(SyntheticTarget(8, additive), WEIGHTS.tolist(), MASK)
    assert (found.k, found.comprehensiveness, found.sufficiency) == (2, 6.0, 1.0)


def test_soft_measures_come_near_the_expectation_of_a_sum():
    found = removal_faithfulness(SyntheticTarget(8, additive), WEIGHTS.tolist(), MASK, draws=20_000)
    for value, scores in ((found.soft_comprehensiveness, -WEIGHTS), (found.soft_sufficiency, WEIGHTS)):
        lost = ((1 - retention_probabilities(scores, 0.5)) * WEIGHTS).sum().item()
        assert value == pytest.approx(lost, abs=0.05)


def test_the_right_order_is_better_than_the_wrong_one():
    right, wrong = (
        removal_faithfulness(SyntheticTarget(8, additive), scores.tolist(), MASK)
        for scores in (WEIGHTS, -WEIGHTS)
    )
    assert right.soft_comprehensiveness > wrong.soft_comprehensiveness + 1
    assert right.soft_sufficiency < wrong.soft_sufficiency - 1


def test_on_a_model_it_equals_single_evaluations():
    target = make_target()
    count = len(target.spans)
    scores = torch.randn(count, generator=torch.Generator().manual_seed(1)).double()
    mask = tuple(int(t not in (1, 4)) for t in range(count))
    found = removal_faithfulness(target, scores.tolist(), mask, draws=3, seed=5)
    uniform = torch.rand(3, count, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    kept = retention_probabilities(scores, 0.5)
    slow = make_target()
    whole = slow.log_prob_of(slow.full_mask())
    left = [slow.log_prob_of(tuple((row < kept).int().tolist())) for row in uniform]
    assert found.soft_sufficiency == pytest.approx(whole - sum(left) / 3, abs=1e-3)
    assert found.sufficiency == pytest.approx(
        whole - slow.log_prob_of(tuple(1 - kept for kept in mask)), abs=1e-3
    )


def test_its_cost_is_what_it_says():
    target = SyntheticTarget(12, random_problem(0, 12))
    removal_faithfulness(target, list(range(12)), (0,) + (1,) * 11, draws=10)
    assert target.evaluations == 23
