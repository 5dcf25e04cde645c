"""LRP-XAI held against the conservation of relevance and against the network made linear."""

import copy

import pytest
import torch

from explainers.lrp_xai import propagate
from tests.explainers.test_classification_methods import explain, label_target, zero_biases


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "albert", "electra"])
def test_lrp_conserves_the_class_score_without_biases(kind):
    target = label_target(loaded=zero_biases(kind))
    relevance, score = propagate(target)
    expected = target.model(torch.tensor([target.prompt.input_ids])).logits[0, target.mask_position]
    expected = expected[list(target.verbalizer.ids[target.label_index])].mean().item()
    assert score == pytest.approx(expected, abs=1e-5)
    assert relevance.sum().item() == pytest.approx(score, abs=1e-4)
    assert relevance.abs().max() > 0.01
    assert "ΣR/f = 1.00" in explain("lrp_xai", target).notes[0]


def test_lrp_equals_the_network_made_linear():
    """With its gates held constant the network is linear, so a position's relevance is f of it alone."""
    target = label_target(loaded=zero_biases("bert"))
    model = copy.deepcopy(target.model).double()
    model.set_attn_implementation("eager")
    ids = torch.tensor([target.prompt.input_ids])
    x = model.bert.embeddings(ids)  # (1, L, d)
    for position, expected in enumerate(propagate(target)[0].tolist()):
        alone = torch.zeros_like(x)
        alone[0, position] = x[0, position]
        hidden = linear_encoder(model, x, alone)[0, target.mask_position]
        row = model.cls.predictions.decoder.weight[list(target.verbalizer.ids[target.label_index])].mean(0)
        assert (hidden @ row).item() == pytest.approx(expected, abs=1e-4)


def linear_encoder(model, x, y):
    """BERT without biases on y, its softmax, σ and GELU gates computed from x."""
    for layer in model.bert.encoder.layer:
        attention = layer.attention.self
        heads, width = attention.num_attention_heads, attention.attention_head_size

        def split(t, heads=heads, width=width):
            return t.view(1, -1, heads, width).transpose(1, 2)

        query, key = split(attention.query(x)), split(attention.key(x))
        weights = (query @ key.transpose(2, 3) / width**0.5).softmax(-1)

        def attend(t, layer=layer, weights=weights, split=split):
            mixed = (weights @ split(layer.attention.self.value(t))).transpose(1, 2).flatten(2)
            return t + layer.attention.output.dense(mixed)

        x, y = norm_like(layer.attention.output.LayerNorm, attend(x), attend(y))
        wide = layer.intermediate.dense(x)
        gate = torch.nn.functional.gelu(wide) / wide

        def feed(t, layer=layer, gate=gate):
            return t + layer.output.dense(gate * layer.intermediate.dense(t))

        x, y = norm_like(layer.output.LayerNorm, feed(x), feed(y))
    transform = model.cls.predictions.transform
    wide = transform.dense(x)
    gate = torch.nn.functional.gelu(wide) / wide
    return norm_like(transform.LayerNorm, gate * wide, gate * transform.dense(y))[1]


def norm_like(norm, x, y):
    """LayerNorm of x, and y under x's σ."""
    sigma = (x.var(-1, unbiased=False, keepdim=True) + norm.eps).sqrt()
    return [(t - t.mean(-1, keepdim=True)) / sigma * norm.weight for t in (x, y)]
