"""Measures against their libraries, slow loops, and the edge cases they define."""

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import sentence_bleu

from explainers.measures import text as metrics
from explainers.measures.text import (
    METRICS,
    TEXT_METRICS,
    bleu,
    kl_divergence,
    kl_published,
    probability_ratio,
    rouge_l,
    sentence_similarity,
    text_metrics,
)

DOCTOR = "The doctor said: take two pills, don't skip a meal, and call at 9 a.m. tomorrow."
NURSE = "The nurse said: take one pill_now, and call the doctor tomorrow at 9."
PAIRS = [(DOCTOR, NURSE), (NURSE, DOCTOR), ("Yes", "No"), ("Paris", "Paris is big"), ("a b\nc", "c b a")]
ASCII = st.text(st.characters(max_codepoint=127), max_size=30)
LOGITS = st.floats(-20, 20, width=32)


def values(response, masked_response):
    return {score.name: score.value for score in text_metrics(response, masked_response)}


def log_probs(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).mul(3).log_softmax(-1)


def slow_kl(p_rows, q_rows):
    """KL(p ‖ q) of rows of log-probabilities, averaged, by its definition and in double precision."""
    rows = [sum(math.exp(p) * (p - q) for p, q in zip(*row)) for row in zip(p_rows, q_rows)]  # noqa: B905
    return sum(rows) / len(rows)


def slow_kl_published(full, masked):
    p, q = [math.exp(x) for x in full], [math.exp(x) for x in masked]
    return sum(a / sum(p) * math.log((a / sum(p)) / (b / sum(q))) for a, b in zip(p, q, strict=True))


@pytest.mark.parametrize(("response", "masked_response"), PAIRS)
def test_bleu_and_rouge_equal_their_libraries(response, masked_response):
    assert bleu(response, masked_response) == sentence_bleu(masked_response, [response]).score / 100
    assert rouge_l(response, masked_response) == tuple(
        RougeScorer(["rougeL"]).score(response, masked_response)["rougeL"]
    )


@given(ASCII, ASCII)
def test_rouge_equals_its_library_on_any_ascii_text(a, b):
    assert rouge_l(a, b) == tuple(RougeScorer(["rougeL"]).score(a, b)["rougeL"])


def test_rouge_precision_and_recall_by_hand():
    assert rouge_l("the old man slept", "the man") == pytest.approx((1.0, 0.5, 2 / 3))


def test_chinese_is_compared_by_the_words_of_a_dictionary():
    a, b = "医生建议病人每天散步，多喝水。", "医生建议病人每天睡觉，多喝水。"
    spaced = "医生 建议 病人 每天 {} ， 多 喝水 。"
    assert bleu(a, b) == bleu(spaced.format("散步"), spaced.format("睡觉"))
    assert rouge_l(a, b) == pytest.approx((6 / 7,) * 3)


def test_accents_may_be_encoded_either_way():
    assert set(values("Un caf\u00e9 noir", "Un cafe\u0301 noir").values()) == {1.0}


@pytest.mark.parametrize(
    ("a", "b", "shared"),
    [
        ("كَتَبَ", "كُتِبَ", 0),  # he wrote, it was written: the letters are the same
        ("सुख और दुख", "सुख और शांति", 2 / 3),
        ("cafe\u0301 bar", "cafe bar", 1 / 2),
        ("วันนี้อากาศดี", "วันนี้อากาศร้อน", 3 / 4),
        ("അവന്\u200d വന്നു", "അവന് വന്നു", 1 / 2),  # he; to him
        ("می\u200cخواهم", "میخواهم", 0),
    ],
    ids=["Arabic vowels", "Devanagari", "combining accent", "Thai", "Malayalam joiner", "Persian"],
)
def test_combining_marks_belong_to_words(a, b, shared):
    assert rouge_l(a, b) == pytest.approx((shared,) * 3)


def test_words_beyond_ascii_stay_whole():
    assert rouge_l("Der Käse schläft", "Der Käfer schläft") == pytest.approx((2 / 3,) * 3)
    assert rouge_l("Врач лечит больного", "Врач видит больного") == pytest.approx((2 / 3,) * 3)
    assert rouge_l("كتاب جديد", "كتاب قديم") == pytest.approx((1 / 2,) * 3)


def test_sentence_bert_equals_its_library():
    from sentence_transformers.util import cos_sim

    encoder = metrics.sentence_encoder()
    expected = cos_sim(encoder.encode(DOCTOR), encoder.encode(NURSE)).item()
    assert values(DOCTOR, NURSE)["sentence_bert"] == pytest.approx(expected, abs=1e-5)
    assert metrics.sentence_encoder() is encoder
    near = sentence_similarity("The cat sleeps.", "A cat is asleep.", encoder)
    assert near > 0.7 > 0.3 > sentence_similarity("The cat sleeps.", "Stocks fell on Monday.", encoder)


def test_a_negative_cosine_counts_as_no_similarity():
    encoder = metrics.sentence_encoder()
    opposite = "Thank you!", "Photosynthesis needs light."
    raw = encoder.encode(list(opposite), normalize_embeddings=True)
    assert float(raw[0] @ raw[1]) < 0
    assert sentence_similarity(*opposite, encoder) == 0.0


@pytest.mark.parametrize("text", ["", " \n", "Yes", "!?", "😀", DOCTOR, "医生", "a " * 50])
def test_equal_texts_are_one_whatever_surrounds_them(text):
    assert set(values(text, f"\t{text.strip()} \n").values()) == {1.0}


@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_one_empty_text_is_zero(blank):
    assert set(values(DOCTOR, blank).values()) == {0.0}
    assert set(values(blank, DOCTOR).values()) == {0.0}


def test_one_word_against_another():
    scores = values("Yes", "No")
    assert scores["bleu"] == scores["rouge_l_f1"] == 0.0
    assert 0.0 < scores["sentence_bert"] < 1.0


@settings(max_examples=25)
@given(st.text(max_size=20), st.text(max_size=20))
def test_similarities_lie_between_zero_and_one(a, b):
    scores = text_metrics(a, b)
    assert [score.name for score in scores] == list(TEXT_METRICS) == list(METRICS)[: len(TEXT_METRICS)]
    assert all(0.0 <= score.value <= 1.0 and score.lower_is_better for score in scores)


def test_directions():
    higher_is_better = {name for name, lower_is_better in METRICS.items() if not lower_is_better}
    assert higher_is_better == {"kl", "kl_published"}


def test_probability_ratio():
    full, masked = [0.5, 0.8, 0.9], [0.1, 0.2, 0.9]
    means = [math.prod(p) ** (1 / 3) for p in (masked, full)]
    sums = [sum(map(math.log, p)) for p in (full, masked)]
    assert probability_ratio(*sums, 3) == pytest.approx(means[0] / means[1])
    assert probability_ratio(*reversed(sums), 3) == pytest.approx(means[1] / means[0])  # above 1, kept
    assert probability_ratio(math.log(0.8), math.log(0.2), 1) == pytest.approx(0.25)
    assert probability_ratio(0.0, 0.0, 0) == 1.0


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 10**6))
def test_kl_equals_a_slow_loop(positions, vocabulary, seed):
    p, q = log_probs(2, positions, vocabulary, seed=seed)
    assert kl_divergence(p, q) == pytest.approx(slow_kl(p.tolist(), q.tolist()), abs=1e-5)


def test_kl_is_the_same_in_slices(monkeypatch):
    p, q = log_probs(2, 7, 11, seed=0)
    whole = kl_divergence(p, q)
    monkeypatch.setattr(metrics, "_SLICE_ELEMENTS", 23)  # slices of 2, 2, 2 and 1 positions
    assert kl_divergence(p, q) == pytest.approx(whole, rel=1e-6)
    assert whole != pytest.approx(kl_divergence(q, p), rel=1e-3)


def test_kl_of_a_large_vocabulary_is_exact():
    p, q = log_probs(2, 40, 150_000, seed=1)
    exact = torch.nn.functional.kl_div(q.double(), p.double(), reduction="batchmean", log_target=True)
    assert kl_divergence(p, q) == pytest.approx(exact.item(), rel=1e-4)


def test_kl_of_half_precision_is_summed_in_fp32():
    p, q = log_probs(2, 3, 5000, seed=2).half()
    assert kl_divergence(p, q) == pytest.approx(slow_kl(p.tolist(), q.tolist()), rel=1e-6)


def test_kl_edge_cases():
    p = log_probs(4, 6, seed=3)
    certain = torch.tensor([[0.0, -math.inf]])
    even = torch.tensor([[0.5, 0.5]]).log()
    assert kl_divergence(p, p) == 0.0
    assert kl_divergence(torch.zeros(0, 6), torch.zeros(0, 6)) == 0.0
    assert kl_divergence(certain, certain) == 0.0
    assert kl_divergence(certain, even) == pytest.approx(math.log(2))
    assert kl_divergence(even, certain) == math.inf
    assert math.isnan(kl_divergence(p * math.nan, p))
    with pytest.raises(ValueError, match=r"\(4, 6\), \(1, 6\)"):
        kl_divergence(p, p[:1])


@given(st.lists(st.tuples(LOGITS, LOGITS), min_size=1, max_size=12))
def test_published_kl_equals_a_slow_loop(pairs):
    full, masked = zip(*[(a - 20, b - 20) for a, b in pairs], strict=True)
    assert kl_published(torch.tensor(full), torch.tensor(masked)) == pytest.approx(
        slow_kl_published(full, masked), rel=1e-4, abs=1e-4
    )


def test_published_kl_edge_cases():
    full = torch.tensor([0.9, 0.5, 0.2]).log()
    assert kl_published(full[:0], full[:0]) == 0.0
    assert kl_published(full[:1], full[:1] - 7) == 0.0
    assert kl_published(full, full - 7) == pytest.approx(0.0, abs=1e-6)
    first_token_counts = torch.tensor([0.1, 0.5, 0.2]).log()
    assert kl_published(full, first_token_counts) > 0.1


def test_importing_the_module_loads_no_library():
    code = (
        "import sys, explainers.measures.text; "
        "assert not {'sacrebleu', 'rouge_score', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
