"""MExGen's C-LIME held against least squares written out, its levels against planted words, its answers."""

import numpy as np
import pytest
import torch

from explainers import EXPLAINERS, mexgen, read_options
from explainers.mexgen import WORDS, kept_parts, part_weights
from explainers.targets.answers.decoding import greedy_tokens
from explainers.text.prompts import decode_answer
from tests.explainers.targets.test_response_target import make_target
from tests.synthetic import SyntheticTarget, random_problem


def explain(target, k=2, seed=0, **options):
    method = EXPLAINERS["mexgen"]
    return method(read_options(method, options, k, seed)).explain(target)


@pytest.mark.parametrize(("parts", "per_part", "masks"), [(1, 10, 2), (2, 10, 4), (5, 10, 16), (20, 3, 61)])
def test_masks_remove_one_part_or_two(parts, per_part, masks):
    kept = kept_parts(parts, per_part, torch.Generator().manual_seed(0))
    removed = (1 - kept).sum(1)
    assert len(kept) == masks == len(kept.unique(dim=0))
    assert removed.tolist() == [0] + [1] * parts + [2] * (masks - parts - 1)


def test_on_a_model_weights_equal_least_squares_written_out():
    target = make_target(text="Write a short story about a doctor")
    count = len(target.spans)
    found = explain(target, per_part=3, seed=5).scores
    kept = kept_parts(count, 3, torch.Generator().manual_seed(5)).tolist()
    slow = make_target(text="Write a short story about a doctor")
    values = np.array([slow.log_prob_of(tuple(mask)) for mask in kept])
    sizes = [mask.count(0) for mask in kept]
    root = np.sqrt([1 / sizes.count(size) for size in sizes])  # every size weighs the same in all
    design = np.column_stack([np.ones(len(kept)), kept]) * root[:, None]
    weights = np.linalg.lstsq(design, values * root, rcond=None)[0][1:]
    assert found == pytest.approx(weights.tolist(), abs=2e-3)
    assert max(map(abs, found)) > 0.1


def test_words_that_add_up_have_their_own_weights():
    truth = torch.tensor([0.0, 3, 0, -1, 0, 0, 5, 0], dtype=torch.float64)
    found = explain(SyntheticTarget(8, lambda masks: masks.double() @ truth), per_part=3)
    assert found.scores == pytest.approx(truth.tolist())
    assert found.evaluations == 1 + 3 * 8
    assert found.notes == ("Each of the 8 spans was weighed by itself.",)


def test_a_long_prompt_is_looked_into_where_it_matters():
    spans, planted = 300, {17: 5.0, 130: 4.0, 131: 3.0}
    truth = torch.zeros(spans, dtype=torch.float64)
    truth[list(planted)] = torch.tensor(list(planted.values()), dtype=torch.float64)
    target = SyntheticTarget(spans, lambda masks: masks.double() @ truth, batch=64)
    found = explain(target, k=3, per_part=4)
    assert [t for t, kept in enumerate(found.mask) if not kept] == sorted(planted)
    assert sum(found.scores) == pytest.approx(12.0)
    assert found.evaluations < spans  # less than removing each word once
    (note,) = found.notes
    assert "12 parts of up to 26 spans, then 15 parts of up to 6 spans, then 24 spans one by one" in note


def test_a_part_that_is_not_looked_into_shares_its_weight():
    parts, generator = [[0, 1, 2], [3]], torch.Generator().manual_seed(0)
    truth = torch.tensor([1.0, 1.0, 4.0, 2.0], dtype=torch.float64)
    weights = part_weights(lambda masks: masks.double() @ truth, parts, 4, 10, generator)
    assert weights.tolist() == pytest.approx([6.0, 2.0])


def test_it_takes_about_the_passes_that_it_announces():
    for spans in (5, WORDS, 80, 300):
        target = SyntheticTarget(spans, random_problem(0, spans), batch=64)
        explainer = EXPLAINERS["mexgen"]()
        found = explainer.explain(target)
        assert 0.2 * explainer.passes(spans) < found.evaluations <= 1.5 * explainer.passes(spans)


class Letters:
    """An encoder of texts by how often each letter stands in them."""

    def encode(self, texts, normalize_embeddings, show_progress_bar):
        assert normalize_embeddings
        rows = np.array([[text.count(chr(97 + i)) + 1e-3 for i in range(26)] for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("operator", ["zero", "delete"])
def test_without_probabilities_answers_are_written_and_compared(monkeypatch, operator):
    monkeypatch.setattr(mexgen, "sentence_encoder", Letters)
    target = make_target(operator=operator, text="Write a short story")
    masks = kept_parts(len(target.spans), 10, torch.Generator().manual_seed(0))
    found = mexgen.similarity_to_answer(target, 6)(masks)
    answer = decode_answer(target.tokenizer, target.response_ids[:6])
    texts = [answer]
    for mask in masks.tolist():  # one by one
        ids = greedy_tokens(target.loaded, target.kept_embeds(tuple(mask)), 6)
        texts.append(decode_answer(target.tokenizer, list(ids)))
    first, *rest = Letters().encode(texts, True, False)
    assert found.tolist() == pytest.approx([row @ first for row in rest])
    assert len(set(texts)) > 2


def test_the_score_of_a_comparison_without_probabilities(monkeypatch):
    monkeypatch.setattr(mexgen, "sentence_encoder", Letters)
    target = make_target(text="Write a short story")
    method = EXPLAINERS["mexgen"]
    options = {"scalariser": "sentence_bert", "answer_tokens": 4, "per_part": 2}
    explainer = method(read_options(method, options, 2))
    before = target.forward_passes
    found = explainer.explain(target)
    assert found.mask.count(0) == 2 and len(set(found.scores)) > 1 and max(map(abs, found.scores)) <= 2
    assert before < target.forward_passes - before <= explainer.passes(len(target.spans))
