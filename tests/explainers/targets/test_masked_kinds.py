"""Every kind of masked LM: class probabilities equal a slow reading of the logits at <mask>, or a refusal."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from explainers import explain_classification
from explainers.core.base import explainers_for
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held
from explainers.targets.label import LabelTarget
from explainers.targets.mlm_head import read_masks
from explainers.targets.mlm_traits import traits_of
from explainers.text.templates import render_cloze
from explainers.verbalizers import WordVerbalizer
from tests.explainers.targets.test_label_target import (
    IDS,
    LABELS,
    OPERATORS,
    slow_class_log_probs,
    some_masks,
)
from tests.masked_kinds import REFUSED, RIGHT, tiny
from tests.tiny_models import tiny_masked

TEMPLATE, TEXT = "{text} It was <mask> .", "The quick brown fox, the movie was great!"


def target_of(loaded, operator):
    verbalizer = WordVerbalizer(LABELS, [["w"] * len(ids) for ids in IDS], IDS)
    return LabelTarget(loaded, render_cloze(loaded, TEMPLATE, TEXT, "word"), verbalizer, 1, operator)


@torch.no_grad()
def read_from_ids(loaded, cloze) -> list[float]:
    """Class log-probabilities of the unmasked text from the logits that its ids give."""
    logits = loaded.model(input_ids=torch.tensor([cloze.prompt.input_ids])).logits
    log_probs = logits[0, cloze.mask_position].log_softmax(-1)
    return torch.stack([log_probs[list(ids)].mean() for ids in IDS]).log_softmax(-1).tolist()


@pytest.mark.parametrize("kind", RIGHT)
def test_probabilities_equal_a_slow_reading_under_every_operator(kind):
    loaded = tiny(kind)
    for operator in OPERATORS:
        target = target_of(loaded, operator)
        masks = some_masks(len(target.spans))
        fast = target.class_log_probs(masks)
        slow = torch.tensor([slow_class_log_probs(target, mask.tolist()) for mask in masks])
        assert torch.allclose(fast, slow.double(), atol=1e-3), operator
        assert (slow.amax(0) - slow.amin(0)).max() > 0.01, operator
    plain = read_from_ids(loaded, render_cloze(loaded, TEMPLATE, TEXT, "word"))
    assert fast[0].tolist() == pytest.approx(plain, abs=1e-3)


@pytest.mark.parametrize("kind", RIGHT)
def test_texts_of_several_lengths_are_read_as_one_by_one(kind):
    loaded = tiny(kind)
    clozes = [render_cloze(loaded, TEMPLATE, text) for text in ("good", "the lazy dog was good", "a fox")]
    together = read_masks(loaded, clozes)
    for row, cloze in zip(together, clozes, strict=True):
        with torch.no_grad():
            alone = loaded.model(torch.tensor([cloze.prompt.input_ids])).logits[0, cloze.mask_position]
        assert torch.allclose(row, alone, atol=1e-3 * max(1, alone.abs().max().item()))


@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_are_refused_by_name(kind):
    with pytest.raises(
        MaskwiseError,
        match=f"{kind} models (cannot be explained: |may not run rightly).*Choose another model",
    ):
        target_of(tiny(kind), "replace")


def test_a_head_that_multiplies_by_its_decoder_hides_what_it_decodes():
    loaded = tiny("mobilebert")
    assert not traits_of(loaded).gives_hidden
    with pytest.raises(MaskwiseError, match="mobilebert models do not show"):
        read_masks(loaded, [render_cloze(loaded, TEMPLATE, TEXT)], hidden=True)


def test_a_model_object_that_fills_blanks_may_be_of_a_kind_that_writes_too():
    """transformers says of Flaubert, which is one model for both, that it can generate."""
    flaubert = tiny("flaubert")
    *_, found = explain_classification(
        TEXT, model=flaubert.model, tokenizer=flaubert.tokenizer, task="sst2", method="feature_ablation"
    )
    assert found["log_prob"] < 0


def test_weights_that_are_not_numbers_are_refused():
    loaded = tiny("bert")
    loaded.model.get_input_embeddings().weight.data.fill_(float("nan"))
    with pytest.raises(MaskwiseError, match="numbers overflow"):
        target_of(loaded, "replace")


def test_twenty_threads_share_one_model(monkeypatch):
    """Each with a method of its own; all numbers are those of a run alone."""
    shared = tiny_masked("bert")
    monkeypatch.setattr(held, "load_model", lambda name, task, *args, **kwargs: shared)
    methods = [m for m in explainers_for(Task.CLASSIFICATION) if not m.startswith(("captum", "exhaustive"))]
    calls = [methods[n % len(methods)] for n in range(20)]

    def run(method):
        *_, last = explain_classification(
            "The movie was great.", task="sst2", method=method, options={"k": 2}
        )
        return [span["score"] for span in last["spans"]]

    alone = {method: run(method) for method in set(calls)}
    with ThreadPoolExecutor(20) as pool:
        together = list(pool.map(run, calls))
    wrong = [
        m for m, scores in zip(calls, together, strict=True) if scores != pytest.approx(alone[m], abs=1e-4)
    ]
    assert not Counter(wrong)
