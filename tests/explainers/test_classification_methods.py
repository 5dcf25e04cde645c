"""What each method of the second paper computes, held against its definition on tiny models."""

import copy

import pytest
import torch

from explainers import EXPLAINERS, explainers_for, read_options
from explainers.attention_rollout import rollout
from explainers.core.errors import MaskwiseError
from explainers.core.types import Explanation, SearchStep, Task
from explainers.lrp_xai import propagate
from explainers.models.copies.variants import with_eager_attention
from explainers.models.lrp_rules import lrp_rules
from explainers.targets.label import LabelTarget
from explainers.text.templates import render_cloze
from explainers.verbalizers import WordVerbalizer
from explainers.verbalizers.soft import soft_verbalizer
from tests.masked_kinds import tiny
from tests.tiny_models import MASKED_KINDS, tiny_masked

TEXT = "The movie was great, but the quick doctor!"
WORDS = (("sports", "movie"), ("business",), ("world", "bad"))
QUICK = {
    "integrated_gradients": {"steps": 8},
    "xprompt": {"iterations": 20},
    "proxy_spex": {"samples": 60},
}
REFUSED = {("lrp_xai", "modernbert")}


def label_target(kind="bert", label=1, granularity="word", operator="replace", text=TEXT, loaded=None):
    loaded = loaded or tiny_masked(kind)
    ids = [loaded.tokenizer.convert_tokens_to_ids(list(words)) for words in WORDS]
    verbalizer = WordVerbalizer(("Sports", "Business", "World"), WORDS, ids)
    return LabelTarget(
        loaded, render_cloze(loaded, "A <mask> news : {text}", text, granularity), verbalizer, label, operator
    )


def explain(name, target, **options):
    method = EXPLAINERS[name]
    return method(read_options(method, {**QUICK.get(name, {}), **options}, k=2)).explain(target)


def zero_biases(kind):
    loaded = tiny_masked(kind)
    for name, parameter in loaded.model.named_parameters():
        if name.endswith("bias"):
            parameter.data.zero_()
        elif "LayerNorm" in name or "layer_norm" in name:
            parameter.data.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(0))
    return loaded


def pooled(target, values):
    """Sum a value per position over each span, as plain numbers."""
    return [sum(float(values[p]) for p in span.positions) for span in target.spans]


def eager_output(target, **flags):
    model = copy.deepcopy(target.model)
    model.set_attn_implementation("eager")
    ids = torch.tensor([target.prompt.input_ids])
    return model(inputs_embeds=model.get_input_embeddings()(ids).requires_grad_(), **flags)


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("kind", MASKED_KINDS)
@pytest.mark.parametrize("name", explainers_for(Task.CLASSIFICATION))
def test_every_method_keeps_the_contract_or_refuses_by_name(name, kind):
    method, target = EXPLAINERS[name], label_target(kind)
    explainer = method(read_options(method, QUICK.get(name, {}), k=2, seed=1))
    if (name, kind) in REFUSED:
        with pytest.raises(MaskwiseError, match=f"no rules for {kind} models; it supports albert, bert"):
            explainer.explain(target)
        return
    *steps, explanation = explainer.stream(target)
    assert all(isinstance(step, SearchStep) or not step.final for step in steps)
    assert all(step.mask.count(0) <= 2 for step in steps)
    assert isinstance(explanation, Explanation)
    assert explanation.method == name and explanation.spans == target.spans
    assert explanation.mask.count(0) == 2
    assert len(set(explanation.scores)) > 1 and all(score == score for score in explanation.scores)
    assert target.forward_passes <= 1.5 * explainer.passes(len(target.spans))
    again = method(explainer.options).explain(label_target(kind))
    assert (again.scores, again.mask) == (explanation.scores, explanation.mask)


@pytest.mark.parametrize("kind", ["bert", "roberta", "modernbert"])
def test_prompt_explainer_follows_equations_1_to_4(kind):
    target = label_target(kind)
    with torch.no_grad():
        logits = target.model(torch.tensor([target.prompt.input_ids])).logits[0]  # equation 1
    shares = []
    for position in range(len(logits)):
        log_probs = torch.log_softmax(logits[position], -1)  # equation 2
        scores = [sum(log_probs[i] for i in ids) / len(ids) for ids in target.verbalizer.ids]  # equation 3
        shares.append(torch.softmax(torch.stack(scores), -1)[target.label_index].item())  # equation 4
    mean = [sum(shares[p] for p in span.positions) / len(span.positions) for span in target.spans]
    assert explain("prompt_explainer", target).scores == pytest.approx(mean, abs=1e-5)
    chance = explain("prompt_explainer", target, centre="chance").scores
    assert chance == pytest.approx([share - 1 / 3 for share in mean], abs=1e-5)


def test_the_optimum_is_known_once_all_sets_have_been_evaluated():
    target = label_target()
    singles = 1 - torch.eye(len(target.spans), dtype=torch.int64)
    target.log_prob(singles[1:])
    assert target.optimum(1) is None
    assert target.log_prob(singles).min().item() == target.optimum(1)


def test_prompt_explainer_shares_of_all_classes_add_up_to_one():
    by_class = [explain("prompt_explainer", label_target(label=c)).scores for c in range(3)]
    assert [sum(column) for column in zip(*by_class, strict=True)] == pytest.approx([1] * len(by_class[0]))


@pytest.mark.parametrize("queries", ["mask", "all"])
@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_attention_methods_equal_loops(kind, queries):
    target = label_target(kind)
    attentions = [layer[0].detach() for layer in eager_output(target, output_attentions=True).attentions]
    length, heads = len(target.prompt.input_ids), len(attentions[0])
    means = [sum(layer[h] for h in range(heads)) / heads for layer in attentions]

    rolled = torch.eye(length)
    for mean in means:
        for row in range(length):
            mean[row, row] += 1
            mean[row] /= mean[row].sum()
        rolled = mean @ rolled
    last = sum(attentions[-1][h] for h in range(heads)) / heads
    for name, matrix in (("attention_last", last), ("attention_rollout", rolled)):
        read = (
            matrix[target.mask_position] if queries == "mask" else sum(matrix[row] for row in range(length))
        )
        assert explain(name, target, queries=queries).scores == pytest.approx(pooled(target, read), abs=1e-5)


@pytest.mark.parametrize("kind", MASKED_KINDS)
def test_rollout_rows_sum_to_one(kind):
    attentions = torch.cat(eager_output(label_target(kind), output_attentions=True).attentions).detach()
    assert rollout(attentions).sum(-1).tolist() == pytest.approx([1.0] * attentions.shape[-1], abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "roberta", "albert", "modernbert"])
def test_gae_equals_loops(kind):
    target = label_target(kind)
    output = eager_output(target, output_attentions=True)
    for attention in output.attentions:
        attention.retain_grad()
    ids = list(target.verbalizer.ids[target.label_index])
    output.logits[0, target.mask_position, ids].mean().backward()
    length = len(target.prompt.input_ids)
    relevance = torch.eye(length)
    for attention in output.attentions:
        weighted = torch.zeros(length, length)
        for head, slope in zip(attention[0].detach(), attention.grad[0], strict=True):
            weighted += torch.clamp(head * slope, min=0) / attention.shape[1]
        relevance = relevance + weighted @ relevance
    expected = pooled(target, relevance[target.mask_position])
    assert explain("gae", target).scores == pytest.approx(expected, abs=1e-5)
    assert max(expected) > 1e-3


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_gradient_x_input_equals_finite_differences(kind):
    target = label_target(kind)
    model = copy.deepcopy(target.model).double()
    embeds = target.embeds().double()

    def log_prob(position, factor):
        scaled = embeds.clone()
        scaled[position] *= factor
        with torch.no_grad():
            logits = model(inputs_embeds=scaled[None]).logits[0, target.mask_position]
        scores = torch.stack([logits[list(ids)].mean() for ids in target.verbalizer.ids])
        return scores.log_softmax(-1)[target.label_index].item()

    slopes = [(log_prob(p, 1 + 1e-5) - log_prob(p, 1 - 1e-5)) / 2e-5 for p in range(len(embeds))]
    assert explain("gradient_x_input", target).scores == pytest.approx(pooled(target, slopes), abs=1e-4)


def test_gradient_x_input_says_where_it_has_nothing_to_say():
    assert "rounding errors" in explain("gradient_x_input", label_target("modernbert")).notes[0]
    assert not explain("gradient_x_input", label_target("bert")).notes


@pytest.mark.parametrize("name", ["prompt_explainer", "gae", "lrp_xai", "gradient_x_input"])
def test_a_verbalizer_of_hidden_states_gives_what_its_words_give(name):
    """Soft vectors that are the label words' own decoder rows score classes as the words do (bias apart)."""
    loaded = zero_biases("bert")
    by_words, by_vectors = label_target(loaded=loaded), label_target(loaded=loaded)
    by_vectors.verbalizer = soft_verbalizer(loaded.model, by_words.verbalizer)
    assert explain(name, by_vectors).scores == pytest.approx(explain(name, by_words).scores, abs=1e-4)


def test_lrp_leaves_the_forward_pass_as_it_is():
    target = label_target("roberta")
    score = target.class_score(target.forward()).item()
    assert propagate(target)[1] == pytest.approx(score, abs=4e-6)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_nothing_stays_patched(kind):
    loaded = tiny_masked(kind)
    watched = ("prompt_explainer", "gradient_x_input")
    fresh = {name: explain(name, label_target(loaded=loaded)).scores for name in watched}
    for name in ("attention_last", "lrp_xai"):  # transformers sets hooks of its own at their first use
        explain(name, label_target(loaded=loaded))
    hooks = hook_count(loaded.model)
    for name in explainers_for(Task.CLASSIFICATION):
        explain(name, label_target(loaded=loaded))
        assert {n: explain(n, label_target(loaded=loaded)).scores for n in watched} == fresh, name
        assert loaded.model.config._attn_implementation == "sdpa", name
        assert hook_count(loaded.model) == hooks, name


def hook_count(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


def test_rules_end_with_their_block_even_by_an_error():
    with pytest.raises(RuntimeError), lrp_rules("bert"):
        assert not torch.nn.functional.softmax(torch.randn(3, requires_grad=True), -1).requires_grad
        raise RuntimeError
    x = torch.randn(3, 5, requires_grad=True)
    assert x.softmax(-1).requires_grad and torch.nn.functional.softmax(x, -1).requires_grad


def test_the_model_itself_is_never_set_to_eager_attention():
    model = tiny_masked("bert").model
    eager = with_eager_attention(model)
    assert (model.config._attn_implementation, eager.config._attn_implementation) == ("sdpa", "eager")
    assert with_eager_attention(model) is eager
    assert {id(p) for p in eager.parameters()} == {id(p) for p in model.parameters()}


@pytest.mark.parametrize(
    ("kind", "text"),
    [("longformer", "a b c d"), ("squeezebert", TEXT), ("yoso", TEXT), ("reformer", 40 * TEXT)],
)
@pytest.mark.parametrize("method", ["gae", "attention_rollout", "attention_last"])
def test_attention_that_is_not_of_all_positions_is_refused(kind, text, method):
    """Longformer gives that of its windows, here as many positions as the text has, Reformer that of its
    chunks, SqueezeBERT and YOSO numbers that are no shares.
    """
    target = label_target(loaded=tiny(kind), text=text, granularity="sentence")
    with pytest.raises(MaskwiseError, match=f"{kind} models do not give the (attention|whole gradient)"):
        explain(method, target)
