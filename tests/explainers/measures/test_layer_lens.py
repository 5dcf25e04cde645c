"""Decoded words and ranks of every layer, against each head called by its own name."""

import pytest
import torch

from explainers import EXPLAINERS
from explainers.measures.layer_lens import layer_lens, token_readings
from explainers.verbalizers.soft import soft_verbalizer
from tests.explainers.test_classification_methods import label_target
from tests.tiny_models import MASKED_KINDS

HEADS = {
    "bert": lambda model, h: model.cls(h),
    "roberta": lambda model, h: model.lm_head(h),
    "modernbert": lambda model, h: model.decoder(model.head(model.model.final_norm(h))),
    "distilbert": lambda model, h: model.vocab_projector(
        model.vocab_layer_norm(model.activation(model.vocab_transform(h)))
    ),
}


@pytest.mark.parametrize("kind", HEADS)
def test_lens_equals_each_head_on_each_layer(kind):
    target = label_target(kind)
    lens, tokenizer = layer_lens(target), target.tokenizer
    with torch.no_grad():
        output = target.model(torch.tensor([target.prompt.input_ids]), output_hidden_states=True)
        final = output.logits[0]
        layers = [HEADS[kind](target.model, h)[0] for h in output.hidden_states[:-1]] + [final]
    assert len(lens.words) == len(lens.ranks) == 3
    for words, ranks, logits in zip(lens.words, lens.ranks, layers, strict=True):
        for position, row in enumerate(logits):
            order = row.argsort(descending=True).tolist()
            assert words[position] == tokenizer.decode([order[0]]).strip()
            assert ranks[position] == 1 + order.index(final[position].argmax().item())


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_the_last_layer_reads_its_own_words(kind):
    target = label_target(kind)
    lens, readings = layer_lens(target), token_readings(target)
    assert set(lens.ranks[-1]) == {1} and max(lens.ranks[0]) > 1
    assert lens.words[-1] == tuple(reading.words[0][0] for reading in readings)
    assert lens.tokens == tuple(reading.token for reading in readings)
    assert lens.tokens[target.mask_position] == target.tokenizer.mask_token


def test_readings_are_the_models_own_probabilities():
    target = label_target()
    with torch.no_grad():
        probabilities = target.model(torch.tensor([target.prompt.input_ids])).logits[0].softmax(-1)
    for reading, row in zip(token_readings(target, top=3), probabilities, strict=True):
        assert [p for _, p in reading.words] == pytest.approx(row.topk(3).values.tolist(), abs=1e-6)
        assert sum(reading.class_shares) == pytest.approx(1)


def test_class_shares_are_what_prompt_explainer_scores():
    target = label_target(granularity="token")
    shares = {
        r.span: r.class_shares[target.label_index] for r in token_readings(target) if r.span is not None
    }
    scores = EXPLAINERS["prompt_explainer"]().explain(target).scores
    assert scores == pytest.approx([shares[t] for t in range(len(scores))], abs=1e-6)


def test_words_are_read_from_the_vocabulary_whatever_the_verbalizer_reads():
    by_words, by_vectors = label_target(), label_target()
    by_vectors.verbalizer = soft_verbalizer(by_words.model, by_words.verbalizer)
    for one, other in zip(token_readings(by_words), token_readings(by_vectors), strict=True):
        assert [word for word, _ in one.words] == [word for word, _ in other.words]
    assert layer_lens(by_words) == layer_lens(by_vectors)


def test_template_positions_belong_to_no_span():
    target = label_target()
    for position, span in enumerate(layer_lens(target).spans):
        assert span is None or position in target.spans[span].positions
    assert layer_lens(target).spans[target.mask_position] is None


@pytest.mark.parametrize("kind", ["bert", "modernbert"])
def test_the_lens_leaves_no_hook(kind):
    target = label_target(kind)
    before = target.class_log_probs(torch.ones(1, len(target.spans)))
    layer_lens(target)
    assert not target.model.base_model._forward_hooks
    assert torch.equal(
        label_target(loaded=target.loaded).class_log_probs(torch.ones(1, len(target.spans))), before
    )
