"""AT2: its sums written out, what it learns of planted heads, and what it says of other models."""

import json
from dataclasses import asdict

import pytest
import torch

from benchmarks import at2_weights
from benchmarks.at2_weights import Example, fit, served
from benchmarks.setting import Answered, Setting
from explainers import EXPLAINERS, at2
from explainers.at2 import HeadWeights, attention_paid, weights_for
from explainers.core.errors import MaskwiseError
from explainers.models.copies.variants import with_eager_attention
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.explainers.targets.test_response_target import make_target

WAYS = ("at2", "random_removal")
SERVED = {"at2": 0.8, "mean_attention": 0.1, "feature_ablation": 0.9}


def learned_of(target, weights):
    loaded = target.loaded
    return HeadWeights(loaded.name, loaded.revision, weights, 9, 32, 3, SERVED)


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("part", [None, (1, 3)])
def test_scores_are_the_weighted_attention_of_the_tokens_that_predict(kind, part, monkeypatch):
    whole = make_target(kind)
    target = ResponseTarget(whole.loaded, whole.prompt, whole.response_ids, part=part)
    heads = target.model.config.num_attention_heads
    weights = [[0.5 * layer - head for head in range(heads)] for layer in range(2)]
    monkeypatch.setattr(at2, "all_weights", lambda: (learned_of(target, weights),))
    found = EXPLAINERS["at2"]().explain(target)

    start, end = target.part
    prompt = target.prompt.input_ids
    ids = torch.tensor([[*prompt, *target.response_ids]])
    attentions = with_eager_attention(target.model)(input_ids=ids, output_attentions=True).attentions
    expected = [0.0] * len(target.spans)
    for t, span in enumerate(target.spans):
        for layer, attention in enumerate(attentions):
            for head in range(heads):
                for s in range(start, end):
                    paid = sum(attention[0, head, len(prompt) - 1 + s, i].item() for i in span.positions)
                    expected[t] += weights[layer][head] * paid / (end - start)
    assert found.scores == pytest.approx(expected, abs=1e-5) and max(map(abs, expected)) > 0.01
    assert found.evaluations == target.forward_passes == 1
    assert "On 3 others" in found.notes[0] and "r = 0.80; with 0.10" in found.notes[0]


def planted(seed: int, heads=6, spans=7) -> Example:
    """Drops are sums of what the second head pays, and of noise; the other heads say nothing."""
    generator = torch.Generator().manual_seed(seed)
    attention = torch.rand(heads, spans, generator=generator, dtype=torch.double)
    removed = (torch.rand(24, spans, generator=generator) < 0.5).double()
    noise = torch.randn(24, generator=generator, dtype=torch.double)
    return Example(attention, removed, removed @ attention[1] + 0.05 * noise, attention[1])


def test_the_head_that_decides_is_found():
    everything = [planted(seed) for seed in range(30)]
    examples, apart, kept = everything[:20], everything[20:25], everything[25:]
    weights = fit(examples, apart)
    assert weights.argmax() == 1 and weights[1] > 3 * weights[[0, 2, 3, 4, 5]].abs().max()
    by_all = served(kept, lambda each: each.attention.mean(0))
    assert served(kept, lambda each: weights @ each.attention) > by_all + 0.05


def test_what_is_learned_of_a_model_is_found_again(tmp_path, monkeypatch):
    targets = [make_target(text=text) for text in ("Write a story", "Name two cats now", "Why so blue?")]
    answers = [Answered(target.loaded, target.prompt, target.response_ids) for target in targets]
    monkeypatch.setattr(Setting, "load", lambda setting: targets[0].loaded)
    monkeypatch.setattr(at2_weights, "answered", lambda *asked: iter(2 * answers))
    monkeypatch.setattr(at2_weights, "STEPS", 3)
    learned = at2_weights.learn(Setting(), 5, seed=0)
    assert (learned.prompts, learned.held_out, learned.masks) == (3, 1, 32)
    assert set(learned.correlations) == set(SERVED) and all(
        -1 <= r <= 1 for r in learned.correlations.values()
    )
    assert torch.tensor(learned.weights).shape == attention_paid(targets[0]).shape[:2]
    (tmp_path / "tiny.json").write_text(json.dumps(asdict(learned)))
    monkeypatch.setattr(at2, "FOLDER", tmp_path)
    at2.all_weights.cache_clear()
    try:
        assert weights_for(targets[0].loaded) == learned
    finally:
        at2.all_weights.cache_clear()


def test_a_model_of_which_nothing_was_learned_is_refused_before_the_run():
    method = EXPLAINERS["at2"]()
    with pytest.raises(MaskwiseError, match="has learned nothing of the attention .* Choose Hugging"):
        method.plan(make_target("llama"))


def test_attention_that_would_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(at2, "available_bytes", lambda device: 1000)
    with pytest.raises(MaskwiseError, match="more than there is room for. Shorten the prompt"):
        attention_paid(make_target("llama"))


def test_on_the_built_in_model_its_words_matter_more_than_random_ones(smollm):
    prompt = render_prompt(smollm.tokenizer, "Write a short story about the doctor and his patient.")
    target = ResponseTarget(smollm, prompt, encode_response(smollm.tokenizer, "The doctor met his patient."))
    full = target.log_prob_of(target.full_mask())
    lost = {name: full - target.log_prob_of(EXPLAINERS[name]().explain(target).mask) for name in WAYS}
    assert lost["at2"] > lost["random_removal"] + 2
