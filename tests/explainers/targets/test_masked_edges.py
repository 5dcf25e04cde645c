"""Masked LMs with damaged weights or overflowing numbers, the shortest and the longest texts."""

import pytest
import torch

from explainers.core.errors import MaskwiseError
from explainers.targets.label import LabelTarget
from explainers.text.templates import render_cloze
from explainers.verbalizers import WordVerbalizer
from tests.masked_kinds import RIGHT, tiny
from tests.tiny_models import CONTEXT, MASKED_KINDS, tiny_masked

every_kind = pytest.mark.parametrize("kind", MASKED_KINDS)
IDS = [[40], [50]]


def target_of(loaded, text):
    cloze = render_cloze(loaded, "A <mask> news : {text}", text)
    return LabelTarget(loaded, cloze, WordVerbalizer(["a", "b"], [["w"], ["v"]], IDS))


@torch.no_grad()
def slow(loaded, ids, position):
    logits = loaded.model(torch.tensor([ids])).logits[0, position].double()
    return logits[[40, 50]].log_softmax(0)[0].item()


@every_kind
def test_damaged_weights_end_in_a_sentence(kind):
    loaded = tiny_masked(kind, seed=1)
    list(loaded.model.parameters())[-1].data.fill_(float("nan"))
    with pytest.raises(MaskwiseError, match="finite numbers|overflow"):
        target_of(loaded, "the movie was great").log_prob(torch.ones(1, 4, dtype=torch.long))


@every_kind
def test_one_damaged_word_ends_in_a_sentence_where_it_is_read(kind):
    loaded = tiny_masked(kind, seed=2)
    (token,) = loaded.tokenizer("movie", add_special_tokens=False).input_ids[:1]
    target = target_of(loaded, "the movie was great")
    loaded.model.get_input_embeddings().weight.data[token] = float("nan")
    damaged = target_of(loaded, "the movie was great")
    with pytest.raises(MaskwiseError, match="overflow"):
        damaged.log_prob(torch.ones(1, len(target.spans), dtype=torch.long))


@every_kind
def test_logits_that_overflow_in_float16_end_in_a_sentence(kind):
    loaded = tiny_masked(kind, seed=3)
    head = loaded.model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach() * 5e4, requires_grad=False)
    loaded.model.half()
    with pytest.raises(MaskwiseError, match="finite numbers|overflow|infinity"):
        target = target_of(loaded, "the movie was great")
        target.log_prob(torch.ones(1, len(target.spans), dtype=torch.long))


@every_kind
def test_a_text_of_one_token(kind):
    target = target_of(tiny_masked(kind), "great")
    whole = target.log_prob_of(target.full_mask())
    assert whole == pytest.approx(
        slow(target.loaded, target.prompt.input_ids, target.mask_position), abs=1e-4
    )
    assert target.log_prob_of((0,) * len(target.spans)) != whole


@every_kind
def test_a_text_at_the_edge_of_the_context_is_cut_and_said(kind):
    target = target_of(tiny_masked(kind), "great " * 2 * CONTEXT)
    assert len(target.prompt.input_ids) == CONTEXT and "cut to its first" in target.cloze.notes[0]
    whole = target.log_prob_of(target.full_mask())
    assert whole == pytest.approx(
        slow(target.loaded, target.prompt.input_ids, target.mask_position), abs=1e-3
    )


def test_a_text_that_is_filled_up_to_whole_windows_has_positions_for_the_last_one(monkeypatch):
    longformer = RIGHT["longformer"]
    monkeypatch.setitem(RIGHT, "longformer", longformer | {"max_position_embeddings": CONTEXT - 3})
    target = target_of(tiny("longformer"), "great " * CONTEXT)
    assert len(target.prompt.input_ids) == CONTEXT - 8
    assert target.log_prob_of(target.full_mask()) < 0
