"""The default search: a set after few masks, then its proof, held against brute force."""

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.best_swap import exchanges
from explainers.core.search import MOST_AT_ONCE, Pace
from explainers.core.set_surrogate import SetSurrogate
from explainers.core.target import MIN_GAIN
from explainers.core.types import Explanation, Phase, SearchStep, Unproved
from explainers.exhaustive import all_masks
from tests.synthetic import SyntheticTarget, hashed, random_problem

PROBLEMS = 60


def run(target, k, **options):
    """Steps, the explanations that were shown before the proof, and the last one."""
    method = EXPLAINERS["best_within_budget"]
    events = list(method(read_options(method, options, k)).stream(target))
    steps = [event for event in events if isinstance(event, SearchStep)]
    *shown, last = [event for event in events if isinstance(event, Explanation)]
    return steps, shown, last


def planted(spans: int, *chosen: int):
    """log p that falls most when all the chosen spans are removed together."""

    def value(masks):
        removed = 1 - masks.double()
        together = removed[:, list(chosen)].prod(1)
        return -removed[:, list(chosen)].sum(1) - 5 * together - 0.1 * removed.mean(1)

    return value


@pytest.mark.parametrize("screened", [False, True])
def test_certificates_hold_against_brute_force(screened):
    found = []
    for seed in range(PROBLEMS):
        spans, k = 6 + seed % 5, 2 + seed % 3
        value = random_problem(seed, spans)
        error = (lambda masks: 0.3 * hashed(masks)) if screened else None
        target = SyntheticTarget(spans, value, error)
        steps, _, last = run(target, k, budget=60)
        masks = list(all_masks(spans, k))
        optimum = value(torch.tensor(masks)).min().item()
        reached = value(torch.tensor([last.mask])).item()
        assert last.mask.count(0) == k and steps[-1].mask == last.mask
        if last.certificate.startswith("Optimal"):
            assert len(masks) <= 60 and reached <= optimum + MIN_GAIN
        elif last.certificate.startswith("Locally optimal"):
            assert reached <= value(torch.tensor(exchanges(last.mask))).min().item() + MIN_GAIN
        found.append((last.certificate.split(":")[0], reached <= optimum + MIN_GAIN))
    assert {kind for kind, _ in found} == {"Optimal", "Locally optimal"}
    assert sum(best for _, best in found) >= 0.9 * PROBLEMS


def test_a_set_is_shown_before_the_proof_begins():
    target = SyntheticTarget(14, random_problem(1, 14))
    steps, shown, last = run(target, 3)
    phases = [step.phase for step in steps]
    first = phases.index(Phase.PROVE)
    assert phases == [Phase.FIND] * first + [Phase.PROVE] * (len(phases) - first)
    assert len(shown) == 1 and shown[0].mask == steps[first - 1].mask
    assert shown[0].certificate.startswith("Best found") and last.certificate.startswith("Locally optimal")
    wanted = 3 * 11
    assert [step.checked[1] for step in steps[first:]] == [wanted] * (len(phases) - first)
    assert steps[-1].checked == (wanted, wanted) and steps[0].checked is None


def test_single_spans_are_removed_first_and_the_last_step_has_the_best():
    spans = 12
    target = SyntheticTarget(spans, random_problem(2, spans))
    steps, _, last = run(target, 3)
    assert [step.proposed_mask.index(0) for step in steps[:spans]] == list(range(spans))
    assert all(step.proposed_mask.count(0) == 1 for step in steps[:spans])
    assert all(step.proposed_mask.count(0) == 3 for step in steps[spans:])
    assert len({step.proposed_mask for step in steps}) == len(steps)  # nothing is tried twice
    assert last.mask == steps[-1].mask and steps[-1].log_prob == min(s.log_prob for s in steps[spans:])


def test_one_span_needs_no_proof():
    target = SyntheticTarget(9, random_problem(3, 9))
    steps, shown, last = run(target, 1)
    assert len(steps) == 9 and not shown
    assert last.certificate == "Optimal: all 9 sets of this size were checked."


def test_one_span_is_removed_even_where_each_makes_the_answer_likelier():
    gains = torch.arange(1, 6, dtype=torch.float64)
    _, _, last = run(SyntheticTarget(5, lambda masks: (1 - masks.double()) @ gains), 1)
    assert last.mask == (0, 1, 1, 1, 1)


def test_all_spans_can_be_removed():
    _, _, last = run(SyntheticTarget(4, random_problem(3, 4)), 4, budget=20)
    assert last.mask == (0, 0, 0, 0) and last.certificate.startswith("Optimal")


@pytest.mark.parametrize(
    ("budget", "certificate"),
    [(84, "Optimal"), (83, "Locally optimal"), (40, "Best found"), (12, "Best found")],
)
def test_the_budget_decides_what_is_proved(budget, certificate):
    spans, k = 9, 3
    target = SyntheticTarget(spans, random_problem(0, spans), gradient=torch.linspace(-1, 1, spans))
    steps, _, last = run(target, k, budget=budget)
    assert last.certificate.startswith(certificate) and len(steps) <= budget + spans
    assert last.mask.count(0) == k and last.mask == steps[-1].mask


def test_an_unfinished_proof_says_how_far_it_came():
    target = SyntheticTarget(30, random_problem(4, 30))
    steps, _, last = run(target, 5, budget=100)
    done, wanted = steps[-1].checked
    assert len(steps) == 100 and done <= 55 < wanted == 125
    left, enough = 125 - done, 100 + 125 - done
    said = f"Best found, not proved: {done} of 125 exchanges of one span were tried, {left} were not."
    assert last.certificate == f"{said} A budget of {enough} masks goes on from there."
    assert last.unproved == Unproved(left, 125, {"budget": enough})
    _, shown, more = run(target, 5, budget=enough)
    assert more.unproved is None and more.certificate.startswith("Locally optimal")
    assert shown[0].unproved.options == {}


@pytest.mark.parametrize("chosen", [(7, 150, 151), (40, 41, 290), (0, 100, 299)])
def test_of_a_long_prompt_sentences_are_looked_at_first(chosen):
    spans = 300
    steps, shown, last = run(SyntheticTarget(spans, planted(spans, *chosen)), 3)
    assert [t for t, kept in enumerate(shown[0].mask) if not kept] == sorted(chosen)
    assert sum(step.phase is Phase.FIND for step in steps) <= 140
    assert "Of 300 spans, only " in last.certificate


def test_the_pace_does_not_change_the_path(monkeypatch):
    def path(most):
        monkeypatch.setattr("explainers.core.search.MOST_AT_ONCE", most)
        steps, _, _ = run(SyntheticTarget(16, random_problem(6, 16)), 3)
        return [step.proposed_mask for step in steps if step.phase is Phase.FIND]

    assert path(1) == path(MOST_AT_ONCE)


def test_parts_grow_with_the_speed_and_shrink_again(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("explainers.core.search.perf_counter", lambda: now[0])
    sizes = []
    for part in Pace().parts([(0,)] * 60):
        sizes.append(len(part))
        now[0] += len(part) * (0.01 if len(sizes) < 5 else 1.0)
    assert sizes[:5] == [2, 4, 8, 16, 16] and sizes[6] == 1 and sum(sizes) == 60


def test_a_surrogate_learns_what_it_is_shown():
    """With what alone and in pairs decides given, it foretells sets of three; unseen it is unsure of them."""
    spans, generator = 8, torch.Generator().manual_seed(0)
    alone = torch.randn(spans, generator=generator, dtype=torch.float64)
    pairs = 0.5 * torch.randn(spans, spans, generator=generator, dtype=torch.float64).triu(1)

    def change(masks):
        removed = 1 - torch.tensor(masks, dtype=torch.float64)
        return removed @ alone + torch.einsum("bs,st,bt->b", removed, pairs, removed)

    surrogate = SetSurrogate(spans, dict(enumerate(alone.tolist())))
    triples = list(all_masks(spans, 3))
    _, unsure = surrogate.predict(triples)
    seen = list(all_masks(spans, 2))
    surrogate.observe(seen, change(seen).tolist())
    expected, surer = surrogate.predict(triples)
    assert (surer < unsure).all()
    assert (expected - change(triples)).abs().max() < 0.1
    assert (surrogate.predict(seen)[0] - change(seen)).abs().max() < 0.02


@pytest.mark.parametrize("spans, most", [(14, 59), (38, 83), (60, 170), (300, 120)])
def test_the_masks_until_a_set_is_shown_follow_the_length(spans, most):
    steps, _, _ = run(SyntheticTarget(spans, random_problem(1, spans)), 3)
    finding = sum(step.phase == Phase.FIND for step in steps)
    assert min(spans, 36) < finding <= most
