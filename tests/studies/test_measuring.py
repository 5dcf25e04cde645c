"""Rows of prompts and texts, against slow computations."""

import json
import math
from collections import Counter

import pytest
import torch

from explainers.core.types import Task
from explainers.models.held import load_model
from explainers.targets.mlm_head import MlmReader
from explainers.verbalizers.words import build_word_verbalizer
from studies.data import Item
from studies.measuring.classification import Subjects, classification_rows
from studies.measuring.generation import generation_rows, without
from studies.measuring.published import character_bleu, package_rouge, token_measures
from studies.measuring.tuning import Scored, cloze_of, mean_loss, shots_of, tune_whole
from studies.study import FAITHFULNESS, Tuning
from studies.units import units_of
from tests.studies.small import LINES, classification_study, generation_study
from tests.tiny_models import tiny_masked


def slow_bleu(reference: str, candidate: str) -> float:
    """NLTK's sentence_bleu without smoothing, by its definition."""
    logs = []
    for n in range(1, 5):
        have, want = (
            Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in (candidate, reference)
        )
        hits = sum(min(count, want[gram]) for gram, count in have.items())
        if not hits:
            return 0.0
        logs.append(math.log(hits / sum(have.values())) / 4)
    brevity = min(1.0, math.exp(1 - len(reference) / len(candidate)))
    return brevity * math.exp(sum(logs))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("the sky is blue today", "the sky was blue"),
        ("one two", "one  two three"),
        ("abc", "xyz"),
        ("a b", "a b"),
    ],
)
def test_bleu_is_of_characters_and_spaces(a, b):
    assert character_bleu(a, b) == pytest.approx(slow_bleu(a, b), abs=1e-9)


def test_rouge_of_empty_sentences_is_no_error():
    assert package_rouge("...", "a word") == (0.0, 0.0, 0.0)
    p, r, f = package_rouge("the cat sat on the mat", "the cat sat")
    assert (p, r) == (1.0, pytest.approx(3 / 5)) and 0.7 < f < 0.8  # the package counts each word once


def test_the_first_token_counts_only_where_asked():
    before, after = [-5.0, -1.0, -2.0], [-1.0, -2.0, -4.0]
    assert token_measures(before, after, True)[0] == pytest.approx(math.exp((-7 + 8) / 3))
    ratio, kl, full, masked = token_measures(before, after, False)
    assert (ratio, full, masked) == (pytest.approx(math.exp(-3 / 2)), -3.0, -6.0)
    p, q = (torch.tensor(x).softmax(0) for x in (before[1:], after[1:]))
    assert kl == pytest.approx((p * (p / q).log()).sum().item(), abs=1e-6)


def test_removed_places_go_with_the_space_before_them():
    text = "Write a short story."
    assert without(text, [(8, 13)]) == "Write a story."
    assert without(text, [(0, 5)]) == "a short story."
    assert without(text, [(0, 5), (14, 19)]) == "a short."


def test_rows_of_a_prompt_hold_the_answer_to_the_shorter_text(tmp_path):
    study = generation_study(tmp_path)
    loaded = load_model(study.model, Task.GENERATION)
    unit = units_of(study)[0][0]
    rows = list(generation_rows(study, unit, loaded))
    assert [(row["method"], row["k"]) for row in rows] == [
        ("xprompt", 1), ("xprompt", 2), ("random_removal", 1), ("random_removal", 2)
    ]  # fmt: skip
    for row in rows:
        event = json.loads(row["explanation"])
        assert sum(span["removed"] for span in event["spans"]) == row["k"]
        assert row["probability_ratio"] == pytest.approx(slow_ratio(loaded, event), rel=1e-4)
        assert len(row["search"]) == (5 if row["method"] == "xprompt" else 0)
        assert json.loads(row["request"])["prompt"] == unit.item.text


def slow_ratio(loaded, event: dict) -> float:
    """The published ratio by two plain passes: the text without the removed words, tokenised anew."""
    text = without(event["prompt"], [(s["start"], s["end"]) for s in event["spans"] if s["removed"]])
    answer = [token["id"] for token in event["response_tokens"]]
    means = []
    for words in (event["prompt"], text):
        asked = loaded.tokenizer.apply_chat_template(
            [{"role": "user", "content": words}], add_generation_prompt=True, tokenize=True, return_dict=False
        )
        logits = loaded.model(torch.tensor([[*asked, *answer]])).logits[0].log_softmax(-1)
        found = [logits[len(asked) - 1 + s, token].item() for s, token in enumerate(answer)][1:]
        means.append(sum(found) / len(found))
    return math.exp(means[1] - means[0])


OF_THE_PAGE = {
    "prompt": "operator",
    "bleu": "words",
    "rouge": "rouge-score",
    "kl": "vocabulary",
    "first_token": True,
}


def test_faithfulness_is_measured_where_the_table_has_it(tmp_path):
    study = generation_study(tmp_path, measures=OF_THE_PAGE, columns=["soft_sufficiency"])
    unit, loaded = units_of(study)[0][0], load_model(study.model, Task.GENERATION)
    rows = list(generation_rows(study, unit, loaded))
    for row in rows:
        assert row["comprehensiveness"] == pytest.approx(row["log_prob"] - row["log_prob_masked"], abs=1e-4)
        assert all(math.isfinite(row[name]) for name in FAITHFULNESS)
    without_columns = next(generation_rows(generation_study(tmp_path), unit, loaded))
    assert set(FAITHFULNESS).isdisjoint(without_columns)


def test_measures_of_the_operator_are_those_of_the_page(tmp_path):
    study = generation_study(tmp_path, measures=OF_THE_PAGE)
    unit = units_of(study)[0][0]
    for row in generation_rows(study, unit, load_model(study.model, Task.GENERATION)):
        shown = {metric["name"]: metric["value"] for metric in json.loads(row["explanation"])["metrics"]}
        for name in ("bleu", "rouge_l_f1", "sentence_bert", "probability_ratio", "kl"):
            assert row[name] == pytest.approx(shown[name], abs=1e-5), name


def test_rows_of_a_text_hold_both_papers_curves(tmp_path):
    study = classification_study(tmp_path)
    loaded = load_model(study.model, Task.CLASSIFICATION)
    subjects = Subjects(study, loaded)
    before = {name: value.clone() for name, value in loaded.model.state_dict().items()}
    for unit in units_of(study)[0]:
        for row in classification_rows(study, unit, subjects):
            event = json.loads(row["explanation"])
            assert row["activation"] == event["activation"]["score"]
            assert row["activation_true"] == pytest.approx(sum(row["activation_curve"]) / 11)
            if row["correct"]:
                assert row["activation_true"] == pytest.approx(row["activation"])
            assert (
                row["pruning"] == pytest.approx(sum(row["pruning_curve"]) / 11)
                and row["pruning_curve"][0] == 0
            )
    assert all(torch.equal(value, before[name]) for name, value in loaded.model.state_dict().items())
    tuned, _ = subjects.of(units_of(study)[0][0])
    assert any(not torch.equal(value, before[name]) for name, value in tuned.model.state_dict().items())


@pytest.mark.parametrize("name", ["manual", "prototypical", "knowledgeable_few_shot", "soft"])
def test_every_verbalizer_can_be_tuned_for(tmp_path, name):
    study = classification_study(tmp_path, verbalizers=[{"name": name}], methods=["random_removal"], limit=1)
    unit = units_of(study)[0][0]
    (row,) = classification_rows(study, unit, Subjects(study, load_model(study.model, Task.CLASSIFICATION)))
    assert "refused" not in row and 0 <= row["activation"] <= 1


def test_a_class_without_further_texts_is_tuned_all_the_same():
    items = [Item(n, f"text {n}", int(n > 0)) for n in range(9)]  # one of class 0
    tuned_on, held_out = shots_of(items, 2, 2, seed=0)
    assert sorted(label for _, label in tuned_on) == [0, 1, 1] and held_out == tuned_on


def test_tuning_learns_the_shots_and_can_be_repeated():
    loaded, template = tiny_masked("bert"), "It was <mask> . {text}"
    verbalizer = build_word_verbalizer(loaded, {"Negative": ["bad"], "Positive": ["good"]})
    items = [Item(n, text, label) for n, (text, label) in enumerate(LINES)]
    shots = shots_of(items, 2, 2, seed=1)
    assert sorted(label for _, label in shots[0]) == [0, 0, 1, 1]

    def loss(tuned) -> float:
        scored = Scored(tuned, verbalizer, MlmReader(tuned))
        batch = [(cloze_of(tuned, template, text, Tuning()), label) for text, label in LINES]
        return mean_loss(scored, batch).item()

    how = Tuning(epochs=30, rate=3e-3)
    one, other = (tune_whole(loaded, template, verbalizer, shots, how, seed=1) for _ in range(2))
    assert loss(one) < 0.6 * loss(loaded)
    assert loss(one) == loss(other)
