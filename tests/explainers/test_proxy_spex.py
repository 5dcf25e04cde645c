"""ProxySPEX: parities against brute force, trees against their own predictions, planted sets found."""

from itertools import product

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.core.fourier import FourierFunction
from explainers.linear_surrogate import held_out_predictions, r_squared
from explainers.proxy_spex import coefficients, fit_trees, refined, strongest
from explainers.reports.figures.interactions import arcs_chart, arcs_figure
from tests.explainers.targets.test_response_target import make_target
from tests.synthetic import SyntheticTarget, random_problem

SPANS = 6
ALL = torch.tensor(list(product((0, 1), repeat=SPANS)))


def explain(target, k=2, **options):
    method = EXPLAINERS["proxy_spex"]
    return method(read_options(method, options, k)).explain(target)


@pytest.fixture(scope="module")
def dense():
    """All 64 coefficients of a random function of six spans, by their definition."""
    value = random_problem(3, SPANS)(ALL)
    found = {}
    for members in ALL.tolist():
        chosen = frozenset(t for t, inside in enumerate(members) if inside)
        signs = [(-1) ** sum(mask[t] for t in chosen) for mask in ALL.tolist()]
        found[chosen] = sum(s * v for s, v in zip(signs, value.tolist(), strict=True)) / len(ALL)
    return FourierFunction.of(found, SPANS), dict(zip(map(tuple, ALL.tolist()), value.tolist(), strict=True))


def test_all_coefficients_give_the_function(dense):
    function, value = dense
    assert function(ALL).tolist() == pytest.approx(list(value.values()))


def test_shapley_values_equal_the_mean_over_all_orders(dense):
    from itertools import permutations

    function, value = dense
    total = [0.0] * SPANS
    orders = list(permutations(range(SPANS)))
    for order in orders:
        kept = [0] * SPANS
        for t in order:
            before = value[tuple(kept)]
            kept[t] = 1
            total[t] += value[tuple(kept)] - before
    assert function.shapley_values().tolist() == pytest.approx([x / len(orders) for x in total])


def test_interactions_equal_the_mean_alternating_sum(dense):
    function, value = dense
    found = function.interactions(1000)
    assert len(found) == 2**SPANS - SPANS - 1
    for each in found[:12]:
        sums = []
        for mask in {tuple(x if t not in each.members else 1 for t, x in enumerate(m)) for m in value}:
            terms = 0.0
            for kept in product((0, 1), repeat=len(each.members)):
                row = list(mask)
                for t, x in zip(each.members, kept, strict=True):
                    row[t] = x
                terms += (-1) ** kept.count(0) * value[tuple(row)]
            sums.append(terms)
        assert each.nats == pytest.approx(sum(sums) / len(sums))


def test_the_lowest_sets_equal_those_of_all(dense):
    function, value = dense
    of_three = sorted((v, m) for m, v in value.items() if m.count(0) == 3)
    assert function.lowest_sets(3, 64)[:5] == [m for _, m in of_three[:5]]


def test_a_tree_is_its_sum_of_parities():
    values = random_problem(1, SPANS)(ALL)
    trees, _ = fit_trees(ALL, values, seed=0)
    function = FourierFunction.of(coefficients(trees), SPANS)
    assert function(ALL).tolist() == pytest.approx(trees.predict(ALL.numpy()).tolist())


def test_few_coefficients_fitted_again_lie_closer_to_the_masks():
    masks = ALL[torch.randperm(len(ALL), generator=torch.Generator().manual_seed(0))[:40]]
    values = random_problem(2, SPANS)(masks)
    trees, _ = fit_trees(masks, values, seed=0)
    kept = strongest(coefficients(trees), most=12)
    assert len(kept) <= 13 and frozenset() in kept
    before = FourierFunction.of(kept, SPANS)
    errors = [(f(masks) - values).square().mean() for f in (before, refined(before, masks, values))]
    assert errors[1] < errors[0]


def joint(masks):
    """Two words stand in for each other, two reinforce each other, three act only together."""
    gone = 1 - masks.double()
    pairs = -6 * gone[:, 2] * gone[:, 7] + 4 * gone[:, 1] * gone[:, 5]
    return -20 + pairs - 10 * gone[:, 0] * gone[:, 3] * gone[:, 9] - 2 * gone[:, 4]


def test_planted_sets_are_found_among_a_hundred_spans():
    found = explain(SyntheticTarget(100, joint, batch=64), k=3, samples=800)
    nats = {each.members: each.nats for each in found.interactions}
    assert nats[2, 7] == pytest.approx(-6, abs=0.5) and nats[1, 5] == pytest.approx(4, abs=0.5)
    assert {(0, 3), (0, 9), (3, 9)} <= set(nats)
    assert [t for t, kept in enumerate(found.mask) if not kept] == [0, 3, 9]
    assert found.evaluations == 816


def test_sets_explain_what_a_sum_of_words_cannot():
    """The paper's first claim, on masks that neither was fitted to."""
    masks = (torch.rand(400, 20, generator=torch.Generator().manual_seed(0)) < 0.5).int()
    values = joint(masks)
    _, trees = fit_trees(masks, values, seed=0)
    linear = r_squared(values, held_out_predictions(masks, values, 0.01))
    assert trees > 0.9 > linear + 0.1


def test_a_poor_fit_is_said():
    def parity(masks):
        return 1 - 2.0 * (masks.sum(1) % 2).double()

    notes = explain(SyntheticTarget(14, parity), samples=60).notes
    assert "The fit is poor: raise Samples" in notes[1]


def test_a_prompt_of_one_word_has_no_sets():
    found = explain(SyntheticTarget(1, lambda masks: 3.0 * masks[:, 0].double()), k=1, samples=50)
    assert found.scores == pytest.approx((3.0,), abs=0.1) and not found.interactions
    assert found.notes[0].startswith("The trees' R² is 1.00 on all 2 masks that there are")


def test_a_mask_drawn_twice_is_never_on_both_sides():
    masks = ALL[::2].repeat(6, 1)  # half of all that there are, each six times
    values = torch.rand(32, generator=torch.Generator().manual_seed(0)).repeat(6)  # nothing to be learned
    trees, held_out = fit_trees(masks, values, seed=0)
    assert held_out < 0.1 and r_squared(values, torch.from_numpy(trees.predict(masks.numpy()))) > 0.5


def test_on_a_model_the_removed_set_is_the_best_of_those_it_ranks():
    target = make_target(text="Write a short story about a doctor")
    found = explain(target, samples=128)
    values = target.log_prob(torch.tensor([m for m in target.scored.known if m.count(0) == 2]))
    assert target.log_prob_of(found.mask) == pytest.approx(values.min().item(), abs=2e-3)


def test_arcs_join_the_members_and_are_read_as_a_table():
    spans = [{"text": text} for text in ("a", "<b>", "c", "d")]
    sets = [{"members": [0, 1, 3], "nats": -2.0}, {"members": [2, 3], "nats": 1.0}]
    first, second, dots = arcs_figure([span["text"] for span in spans], sets).data
    ends = [first.x[0], first.x[24], first.x[-1]]
    assert ends == pytest.approx([0, 1, 3]) and max(first.y) == pytest.approx(1.0)
    assert first.line.width > second.line.width and first.line.color != second.line.color
    assert "&lt;b&gt;" in first.text[0] and "&lt;b&gt;" in dots.customdata[1]
    chart = arcs_chart(spans, sets)
    assert chart["table"]["rows"] == [["a + <b> + d", 3, "−2.00"], ["c + d", 2, "1.00"]]
    assert chart["said"] == "The strongest of 2 sets: a + <b> + d, −2.00 nats"
