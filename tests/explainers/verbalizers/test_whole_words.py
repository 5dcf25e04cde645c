"""Label words of several tokens: as many masks as tokens, mean log p, beside a slow reading of the logits."""

import pytest
import torch

from explainers.core.base import explainers_for
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held
from explainers.streams.class_what_if import class_removal
from explainers.streams.classification import run
from explainers.streams.reading import explain_by_all, read
from explainers.streams.requests.classification import ClassificationRequest
from explainers.targets.label import LabelTarget
from explainers.targets.whole_words import label_target
from explainers.text.templates import render_cloze
from explainers.verbalizers.whole_words import whole_word_verbalizer
from explainers.verbalizers.words import word_tokens
from tests.tiny_models import tiny_masked

TEMPLATE, TEXT = "{text} It was <mask> .", "the movie was great, but the ending was bad"
WORDS = {"Bad": ["very bad", "terrible"], "Good": ["very good", "great story book"]}
ONE_MASK = {"prompt_explainer", "attention_last", "attention_rollout", "gae", "lrp_xai"}


def make_target(kind="bert", operator="replace", words=WORDS, text=TEXT):
    loaded = tiny_masked(kind)
    verbalizer = whole_word_verbalizer(loaded, words)
    counts = verbalizer.mask_counts
    clozes = [render_cloze(loaded, TEMPLATE, text, "word", masks, counts[-1]) for masks in counts]
    return label_target(loaded, clozes, verbalizer, 1, operator)


@torch.no_grad()
def slow_word_log_prob(target, word, mask) -> float:
    """Mean log p of the word's tokens, the prompt written down anew, one position after the other."""
    tokenizer, embed = target.tokenizer, target.model.get_input_embeddings()
    tokens = word_tokens(tokenizer, word)
    cloze = render_cloze(target.loaded, TEMPLATE, target.prompt.text, "word", len(tokens))
    gone = {p for s, kept in zip(cloze.prompt.spans, mask, strict=True) if not kept for p in s.positions}
    rows, at = [], []
    for place, token in enumerate(cloze.prompt.input_ids):
        if place in gone and target.operator == "delete":
            continue
        row = embed(torch.tensor(token))
        if place in gone:
            unknown = embed(torch.tensor(tokenizer.unk_token_id))
            row = unknown if target.operator == "replace" else torch.zeros_like(row)
        if token == tokenizer.mask_token_id:
            at.append(len(rows))
        rows.append(row)
    log_probs = target.model(inputs_embeds=torch.stack(rows)[None]).logits[0].log_softmax(-1)
    return sum(log_probs[p, t].item() for p, t in zip(at, tokens, strict=True)) / len(tokens)


@pytest.mark.parametrize("operator", ["replace", "zero", "delete"])
@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert"])
def test_classes_equal_a_slow_reading_of_each_word(kind, operator):
    target = make_target(kind, operator)
    masks = (torch.rand(5, len(target.spans), generator=torch.Generator().manual_seed(0)) > 0.3).long()
    masks[0] = 1
    found = target.class_log_probs(masks)
    for row, mask in zip(found, masks.tolist(), strict=True):
        scores = [
            sum(slow_word_log_prob(target, word, mask) for word in words) / len(words)
            for words in target.verbalizer.words
        ]
        slow = torch.tensor(scores, dtype=torch.float64).log_softmax(-1)
        assert (row - slow).abs().max() < 1e-4


def test_words_that_begin_alike_are_told_apart():
    alike = {"Bad": ["very bad"], "Good": ["very good"]}
    with pytest.raises(MaskwiseError, match="same token"):
        explain(verbalizer="manual", label_words=alike)
    shares = [row["probability"] for row in explain(label_words=alike)["labels"]]
    assert sum(shares) == pytest.approx(1) and abs(shares[0] - shares[1]) > 0.01


def test_words_of_one_token_are_read_as_ever():
    one = {"Bad": ["bad"], "Good": ["great", "good"]}
    assert type(make_target(words=one)) is LabelTarget


def test_lengths_are_said_and_how_they_compare():
    notes = " ".join(make_target().verbalizer.notes)
    assert "very bad (5)" in notes and "great story book (3)" in notes and "mean log p per token" in notes
    assert "compared" not in " ".join(
        make_target(words={"A": ["very bad"], "B": ["very good"]}).verbalizer.notes
    )


def test_a_word_with_an_unknown_token_is_left_out_and_said():
    words = {"A": ["very bad", "very 🎉"], "B": ["very good"]}
    verbalizer = make_target(words=words).verbalizer
    assert verbalizer.words[0] == ("very bad",) and "very 🎉" in verbalizer.notes[-1]
    with pytest.raises(MaskwiseError, match="'A' are in the vocabulary"):
        make_target(words={"A": ["very 🎉"], "B": ["very good"]})


def test_every_template_holds_the_same_text_where_it_is_cut():
    target = make_target(text="movie " * 600)
    assert len({len(cloze.prompt.spans) for cloze in target.clozes}) == 1
    assert len(target.clozes[-1].prompt.input_ids) == 512


@pytest.mark.parametrize("operator", ["replace", "zero"])
def test_mask_gradient_equals_finite_differences(operator):
    target, step = make_target(operator=operator), 1e-2
    gradient, ones = target.mask_gradient(), torch.ones(1, len(target.spans))
    for t in range(len(target.spans)):
        moved = torch.zeros_like(ones)
        moved[0, t] = step
        above, below = (target.evaluate(ones + way * moved).log_softmax(-1)[0, 1] for way in (1, -1))
        assert gradient[t].item() == pytest.approx((above - below).item() / (2 * step), abs=0.02, rel=0.02)


def test_passes_count_each_template():
    seen = []
    target = make_target()
    target.on_forward = seen.append
    target.log_prob(torch.ones(1, len(target.spans), dtype=torch.long))
    assert sum(seen) == len(target.clozes) == 3


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(held, "load_model", lambda *a, **k: tiny_masked("bert"))


def request(**changes) -> ClassificationRequest:
    settings = {"method": "feature_ablation", "template": TEMPLATE, "label_words": WORDS}
    chosen = {"verbalizer": "whole_words", "options": {"granularity": "word", "k": 2}}
    return ClassificationRequest(TEXT, "custom", **settings | chosen | changes)


def explain(**changes) -> dict:
    return list(run(request(**changes)))[-1]


def test_what_if_answers_from_the_same_templates():
    explanation = explain()
    without = class_removal(explanation, [1])
    before = {row["label"]: row["probability"] for row in without["labels"]}
    assert before == pytest.approx({row["label"]: row["probability"] for row in explanation["labels"]})
    assert any(row["probability"] != pytest.approx(row["probability_masked"]) for row in without["labels"])


def test_methods_that_read_one_mask_say_so_and_searches_run():
    events = list(explain_by_all(request(), {}))
    rows = {event["method"]: event for event in events if event["type"] == "method"}
    assert set(rows) == set(explainers_for(Task.CLASSIFICATION))
    assert {name for name in ONE_MASK if "one <mask>" in rows[name]["error"]} == ONE_MASK
    assert not any(rows[name]["error"] for name in ("feature_ablation", "xprompt", "shapley_sampling"))
    refused = {name for name, row in rows.items() if row["error"]}
    assert all("verbalizer" in rows[name]["error"] for name in refused)


def test_live_reading_predicts_without_readings():
    kinds = [event["type"] for event in read(request())]
    assert kinds[-1] == "prediction" and "readings" not in kinds
