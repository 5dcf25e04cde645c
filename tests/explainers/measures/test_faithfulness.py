"""Activation and pruning curves against slow loops over token ids."""

import math

import pytest
import torch

from explainers.measures.faithfulness import activation_curve, first_spans, pruning_curve
from tests.explainers.test_classification_methods import label_target

SCORES = (0.3, -0.9, 0.05, 0.0, 0.8, -0.02, 0.4, -0.5, 0.1, 0.6)


def slow_class_scores(target, removed):
    """Class scores with the tokens of the removed spans replaced by the unknown token, (C,)."""
    ids = list(target.prompt.input_ids)
    for t in removed:
        for position in target.spans[t].positions:
            ids[position] = target.tokenizer.unk_token_id
    with torch.no_grad():
        logits = target.model(torch.tensor([ids])).logits[0, target.mask_position]
    return torch.stack([logits[list(words)].mean() for words in target.verbalizer.ids])


def slow_prefixes(target, order):
    """For 0, 10, … 100 %: the fewest first spans that hold that many of the text's tokens."""
    total = sum(len(span.positions) for span in target.spans)
    prefixes = []
    for step in range(11):
        chosen, tokens = [], 0
        for t in order:
            if tokens >= math.ceil(step * total / 10):
                break
            chosen.append(t)
            tokens += len(target.spans[t].positions)
        prefixes.append(chosen)
    return prefixes


@pytest.mark.parametrize("operator", ["replace", "zero"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert"])
def test_activation_equals_a_slow_loop(kind, operator):
    target = label_target(kind, operator=operator)
    order = sorted(range(len(SCORES)), key=lambda t: -SCORES[t])
    curve = activation_curve(target, SCORES)
    expected = []
    for shown in slow_prefixes(target, order):
        scores = slow_class_scores(target, set(order) - set(shown))
        expected.append(scores.softmax(-1)[target.label_index].item())
    assert curve.values == pytest.approx(expected, abs=1e-5)
    assert curve.fractions == tuple(step / 10 for step in range(11))
    assert curve.score == pytest.approx(sum(expected) / 11, abs=1e-5)
    assert max(expected) - min(expected) > 1e-3 and not curve.lower_is_better


@pytest.mark.parametrize("values", ["probabilities", "logits"])
@pytest.mark.parametrize("order", ["absolute", "signed"])
def test_pruning_equals_a_slow_loop(order, values):
    target = label_target()
    rank = (lambda t: abs(SCORES[t])) if order == "absolute" else (lambda t: SCORES[t])
    full, expected = slow_class_scores(target, []), []
    for removed in slow_prefixes(target, sorted(range(len(SCORES)), key=rank)):
        z, reference = slow_class_scores(target, removed), full
        if values == "probabilities":
            z, reference = z.softmax(-1), full.softmax(-1)
        expected.append(sum((a - b) ** 2 for a, b in zip(reference.tolist(), z.tolist(), strict=True)))
    curve = pruning_curve(target, SCORES, order, values)
    assert curve.values == pytest.approx(expected, abs=1e-5)
    assert curve.score == pytest.approx(sum(expected) / 11, abs=1e-5)
    assert curve.values[0] == 0 and max(expected) > 1e-4 and curve.lower_is_better


def test_the_true_class_can_be_looked_at():
    target = label_target(label=1)
    assert activation_curve(target, SCORES, 2) == activation_curve(label_target(label=2), SCORES)


def test_single_tokens_follow_the_papers_count():
    target = label_target(granularity="token", text="The movie was great , but the ending was bad , bad")
    count = len(target.spans)
    assert all(len(span.positions) == 1 for span in target.spans) and count % 10
    chosen = first_spans(target, torch.arange(count).flip(0))
    assert chosen.sum(1).tolist() == [math.ceil(step * count / 10) for step in range(11)]
    assert chosen[3].tolist() == sorted(chosen[3].tolist())  # the order's first are the last spans


def test_long_spans_weigh_as_many_tokens():
    target = label_target(text="great unbelievably great")
    long = max(range(3), key=lambda t: len(target.spans[t].positions))
    assert len(target.spans[long].positions) > 4
    order = [long, *(t for t in range(3) if t != long)]
    assert first_spans(target, torch.tensor(order)).sum(1).tolist()[:7] == [0, 1, 1, 1, 1, 1, 1]


def test_both_curves_of_one_method_cost_few_passes():
    target = label_target()
    activation_curve(target, SCORES)
    pruning_curve(target, SCORES)
    assert target.forward_passes <= 20  # the whole and the empty text are in both


def test_unknown_variants_are_refused():
    with pytest.raises(ValueError, match="order 'paper' must be one of"):
        pruning_curve(label_target(), SCORES, order="paper")
