"""Searches and their certificates, against brute force."""

import itertools
import math

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.best_swap import construction, double_exchanges, doubles, exchanges
from explainers.core.errors import MaskwiseError
from explainers.core.target import MIN_GAIN
from explainers.models.copies.half_precision import multiplies_bfloat16
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from explainers.xprompt import swap_search
from tests.explainers.targets.test_response_target import make_target
from tests.synthetic import SyntheticTarget, hashed, random_problem

PROBLEMS = 200


def all_masks(spans, k):
    return [
        tuple(int(t not in removed) for t in range(spans))
        for removed in itertools.combinations(range(spans), k)
    ]


def flipped(mask, *spans):
    return tuple(1 - bit if t in spans else bit for t, bit in enumerate(mask))


def run(name, target, k, **options):
    method = EXPLAINERS[name]
    *steps, explanation = method(read_options(method, options, k)).stream(target)
    return steps, explanation


def problem(seed):
    spans = 4 + seed % 5
    return spans, 1 + seed % min(4, spans - 1), random_problem(seed, spans)


@pytest.mark.parametrize("screened", [False, True])
def test_certificates_hold_on_random_problems(screened):
    """Optimal and locally optimal, as brute force finds them, on 200 problems."""
    gaps = []
    for seed in range(PROBLEMS):
        spans, k, value = problem(seed)
        error = (lambda masks: 0.3 * hashed(masks)) if screened else None
        masks = all_masks(spans, k)
        optimum = value(torch.tensor(masks)).min().item()

        target = SyntheticTarget(spans, value, error)
        steps, best = run("exhaustive", target, k)
        assert best.certificate == f"Optimal: all {len(masks):,} sets of this size were checked."
        assert value(torch.tensor([best.mask])).item() <= optimum + MIN_GAIN
        assert best.optimality_gap <= MIN_GAIN and steps[-1].step == steps[-1].total == len(masks)

        target = SyntheticTarget(spans, value, error)
        steps, local = run("best_swap", target, k)
        reached = value(torch.tensor([local.mask])).item()
        neighbours = exchanges(local.mask)
        assert len(neighbours) == k * (spans - k) and f"({len(neighbours):,} exchanges" in local.certificate
        assert reached <= value(torch.tensor(neighbours)).min().item() + MIN_GAIN
        assert steps[-1].log_prob == pytest.approx(reached, abs=1e-9)
        assert len(steps) == steps[-1].step == steps[-1].total
        assert local.distinct_masks == target.distinct_masks <= local.evaluations
        gaps.append(reached - optimum)
    assert sum(gap < MIN_GAIN for gap in gaps) > 0.85 * PROBLEMS
    assert max(gaps) > MIN_GAIN  # or local and global optimum could not be told apart here


def test_the_gap_is_known_where_all_sets_were_evaluated():
    spans, k, value = problem(9)
    target = SyntheticTarget(spans, value, gradient=torch.linspace(-1, 1, spans))
    optimum = target.log_prob(torch.tensor(all_masks(spans, k))).min().item()
    _, found = run("xprompt", target, k, iterations=1)
    gap = target.log_prob_of(found.mask) - optimum
    assert found.optimality_gap == pytest.approx(gap, abs=1e-9) and gap > 0.1


def test_too_many_sets_are_refused():
    target = SyntheticTarget(60, random_problem(0, 60))
    with pytest.raises(MaskwiseError, match="50,063,860 sets of 6 spans.*Choose a smaller k"):
        run("exhaustive", target, 6)
    assert target.evaluations == 0


def test_the_time_is_told_before_an_exhaustive_search():
    method = EXPLAINERS["exhaustive"]
    plan = method(read_options(method, {}, 3)).plan(SyntheticTarget(12, random_problem(0, 12)))
    assert plan.startswith("Trying all 220 sets of 3 spans takes about")


@pytest.mark.parametrize("name", ["best_swap", "exhaustive"])
def test_the_batch_does_not_change_the_result(name):
    paths = []
    for batch in (1, 3, 64):
        target = make_target(text="Write a short story about a doctor")
        target.scorer.batch_size = batch
        steps, explanation = run(name, target, 2)
        paths.append(([s.mask for s in steps], [s.accepted for s in steps], explanation.mask))
    assert paths[0] == paths[1] == paths[2]


def paris(loaded, screening):
    prompt = render_prompt(loaded.tokenizer, "Write a poem about Paris in spring.")
    response = encode_response(loaded.tokenizer, "The Seine runs.")
    return ResponseTarget(loaded, prompt, response, screening=screening)


@pytest.fixture(scope="module")
def one_by_one(smollm):
    """A target that is asked for one mask at a time, so that what it remembers is the same for all seeds."""
    return paris(smollm, screening=False)


@pytest.mark.parametrize("seed", range(3))
def test_the_built_in_model_walks_the_same_path(seed, smollm, one_by_one):
    """Whatever the batch, and with bfloat16 screening where the processor has it."""

    def path(target, lookahead):
        start = torch.ones(len(target.spans), dtype=torch.int64)
        start[:2] = 0  # "Write a", which the answer misses least
        generator = torch.Generator().manual_seed(seed)
        draws = torch.rand(16, 2, generator=generator, dtype=torch.float64)
        steps = swap_search(start, torch.zeros(len(start)), draws, target.first_below, lookahead)
        return [(s.mask, s.accepted, round(s.log_prob, 2)) for s in steps]

    expected = path(one_by_one, (1, 1))
    for screening in [False, True] if multiplies_bfloat16(smollm.device) else [False]:
        assert path(paris(smollm, screening), (4, 16)) == expected
    assert any(accepted for _, accepted, _ in expected)


@pytest.mark.parametrize("seed", range(8))
def test_screening_and_batches_do_not_change_the_path_of_random_swaps(seed):
    """With errors as large as a calibration can see, and against the decision wherever there is one."""
    spans, k, value = 14, 4, random_problem(seed, 14)
    generator = torch.Generator().manual_seed(seed)
    draws = torch.rand(150, 2, generator=generator, dtype=torch.float64)
    start = torch.ones(spans, dtype=torch.int64)
    start[torch.randperm(spans, generator=generator)[:k]] = 0
    reference = list(swap_search(start, torch.zeros(spans), draws, lambda masks, bound: value(masks), (1, 1)))
    middle = value(start[None]).item()

    def adversary(masks):  # lifts what is better than the start and lowers what is worse
        return 0.5 * torch.sign(middle - value(masks)) * (0.8 + 0.2 * hashed(masks))

    for lookahead in ((1, 1), (4, 16), (64, 64)):
        for error in (None, adversary, lambda masks: 0.5 * hashed(masks)):
            target = SyntheticTarget(spans, value, error)
            steps = list(swap_search(start, torch.zeros(spans), draws, target.first_below, lookahead))
            assert [s.mask for s in steps] == [s.mask for s in reference]
            assert [s.accepted for s in steps] == [s.accepted for s in reference]
            assert [s.log_prob for s in steps] == pytest.approx([s.log_prob for s in reference], abs=1e-9)
    assert any(s.accepted for s in reference)
    assert target.forward_passes < target.distinct_masks  # some were cleared without an exact value


def test_greedy_steps_are_counted():
    spans, k = 8, 3
    steps, _ = run("best_swap", SyntheticTarget(spans, random_problem(3, spans)), k)
    taken = [s for s in steps if s.accepted]
    assert [s.mask.count(0) for s in taken[:k]] == [1, 2, 3]
    assert sum(s.mask.count(0) < k for s in steps) + 1 == construction(spans, k)
    assert math.isclose(steps[-1].log_prob, min(s.log_prob for s in steps[spans * k :]))


def test_two_spans_that_stand_in_for_each_other_are_found():
    """Alone each is weaker than a third; the exchange of one span does not lead from that to the two."""

    def value(masks):
        removed = 1.0 - masks.double()
        alone = removed @ torch.tensor([3.0, 1.0, 1.1, 0.2, 0.1, 0.0], dtype=torch.float64)
        return -alone - 9.0 * removed[:, 1] * removed[:, 2]

    _, found = run("best_swap", SyntheticTarget(6, value), 2)
    assert found.mask == (1, 0, 0, 1, 1, 1)


def test_one_restart_leaves_a_local_optimum():
    """Greedily {0, 1, 2} is found, which no exchange of one span improves; {0, 3, 4} is far better."""

    def value(masks):
        removed = 1.0 - masks.double()
        alone = removed @ torch.tensor([3.0, 2.9, 2.8, 2.0, 1.9, -0.5, 0.0], dtype=torch.float64)
        return -alone - 9.0 * removed[:, 0] * removed[:, 3] * removed[:, 4]

    steps, found = run("best_swap", SyntheticTarget(7, value), 3)
    assert found.mask == (0, 1, 1, 0, 0, 1, 1)
    assert any(step.accepted and step.mask == (0, 0, 0, 1, 1, 1, 1) for step in steps)
    assert len(steps) == steps[-1].step == steps[-1].total and "Locally optimal" in found.certificate


def test_an_exchange_of_two_leaves_a_local_optimum():
    """Greedily {0, 1, 2} is found, and no set of two spans that was tried completes to {2, 3, 4}."""

    def value(masks):
        removed = 1.0 - masks.double()
        alone = removed @ torch.tensor([3.0, 2.9, 2.8, 2.0, 1.9] + 13 * [-0.5], dtype=torch.float64)
        return -alone - 9.0 * removed[:, 2] * removed[:, 3] * removed[:, 4]

    steps, found = run("best_swap", SyntheticTarget(18, value), 3)
    assert found.mask == (1, 1, 0, 0, 0) + 13 * (1,)
    assert any(step.accepted and step.mask == (0, 0, 0) + 15 * (1,) for step in steps)
    assert len(steps) == steps[-1].step == steps[-1].total and "Locally optimal" in found.certificate


@pytest.mark.parametrize(("spans", "k"), [(18, 3), (14, 6), (40, 2), (30, 4)])
def test_the_most_promising_exchanges_of_two(spans, k):
    """Against the average over every two spans put back and every two removed."""
    value = random_problem(5, spans)
    mask = (0,) * k + (1,) * (spans - k)
    singles = exchanges(mask)
    singly = dict(zip(singles, value(torch.tensor(singles)).tolist(), strict=True))

    def average(back, out):
        return sum(singly[flipped(mask, b, o)] for b in back for o in out)

    pairs = itertools.product(itertools.combinations(range(k), 2), itertools.combinations(range(k, spans), 2))
    ranked = sorted(pairs, key=lambda pair: average(*pair))
    expected = [flipped(mask, *back, *out) for back, out in ranked[: doubles(spans, k)]]
    assert double_exchanges(mask, list(singly.values())) == expected


def test_the_sets_that_a_plan_times_count_as_tried():
    method = EXPLAINERS["exhaustive"]
    explainer, target = method(read_options(method, {}, 3)), SyntheticTarget(11, random_problem(0, 11))
    target.log_prob_of(target.full_mask())
    before = target.forward_passes
    explainer.plan(target)
    explanation = explainer.explain(target)
    assert explanation.distinct_masks == target.forward_passes - before >= 165
