"""Pairwise interactions, held against their definition."""

from itertools import combinations
from math import factorial

import pytest
import torch

from explainers.measures.interactions import pairwise_interactions
from tests.explainers.targets.test_response_target import make_target
from tests.synthetic import random_problem


def brute_force(value, n: int) -> torch.Tensor:
    """The Shapley interaction index written out, a pair and a set at a time, (n, n)."""

    def of(*units):
        return value(torch.tensor([[int(t in units) for t in range(n)]])).item()

    result = torch.zeros(n, n, dtype=torch.float64)
    for i, j in combinations(range(n), 2):
        others = [t for t in range(n) if t not in (i, j)]
        for size in range(n - 1):
            weight = factorial(size) * factorial(n - size - 2) / factorial(n - 1)
            for s in combinations(others, size):
                result[i, j] += weight * (of(*s, i, j) - of(*s, i) - of(*s, j) + of(*s))
        result[j, i] = result[i, j]
    return result


@pytest.mark.parametrize("n", [2, 3, 6])
def test_they_equal_brute_force_on_set_functions(n):
    value = random_problem(seed=n, spans=n)
    matrix, exact = pairwise_interactions(value, n)
    assert exact and torch.allclose(matrix, brute_force(value, n), atol=1e-9)
    assert matrix.abs().max() > 0.1


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_they_equal_brute_force_on_a_model(kind):
    target = make_target(kind, text="Write a short story")
    n = len(target.spans)
    matrix, exact = pairwise_interactions(target.log_prob, n)
    assert exact and target.distinct_masks == 2**n
    assert torch.allclose(matrix, brute_force(target.log_prob, n), atol=1e-9)


def test_units_that_stand_in_for_each_other_are_below_zero():
    def either_and_both(kept):  # 0 or 1 is enough; 2 and 3 only work together; 4 is on its own
        a, b, c, d, e = kept.double().T
        return 2 * torch.maximum(a, b) + 3 * c * d + e

    matrix, _ = pairwise_interactions(either_and_both, 5)
    expected = torch.zeros(5, 5, dtype=torch.float64)
    expected[0, 1] = expected[1, 0] = -2
    expected[2, 3] = expected[3, 2] = 3
    assert torch.allclose(matrix, expected, atol=1e-12)


def test_a_sample_of_a_quadratic_function_is_exact():
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randn(13, 13, generator=generator, dtype=torch.float64)
    matrix, exact = pairwise_interactions(
        lambda kept: torch.einsum("bs,st,bt->b", kept.double(), pairs, kept.double()), 13, samples=1
    )
    assert not exact
    assert torch.allclose(matrix, (pairs + pairs.T).fill_diagonal_(0), atol=1e-9)


def test_sampling_comes_close_to_the_exact_values(monkeypatch):
    value = random_problem(seed=5, spans=8)
    truth, _ = pairwise_interactions(value, 8)
    monkeypatch.setattr("explainers.measures.interactions.MOST_EXACT", 1)
    errors = []
    for samples in (16, 1024):
        matrix, exact = pairwise_interactions(value, 8, seed=1, samples=samples)
        assert not exact and torch.equal(matrix, matrix.T)
        errors.append((matrix - truth).pow(2).mean().sqrt().item())
    off_diagonal = truth.pow(2).mean().sqrt().item()
    assert errors[1] < errors[0] / 3 and errors[1] < 0.05 * off_diagonal


def test_a_sample_costs_each_set_once_and_repeats_with_its_seed():
    asked = []

    def value(kept):
        asked.append(len(kept))
        assert len(kept.unique(dim=0)) == len(kept)
        return kept.double().prod(1)

    first, second, other = (pairwise_interactions(value, 11, seed, samples=3)[0] for seed in (0, 0, 1))
    assert torch.equal(first, second) and not torch.equal(first, other)
    assert max(asked) <= 3 * (1 + 11 + 11 * 10 // 2) and len(asked) == 3


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_units_have_no_pair(n):
    matrix, exact = pairwise_interactions(None, n)
    assert exact and matrix.shape == (n, n) and not matrix.any()
