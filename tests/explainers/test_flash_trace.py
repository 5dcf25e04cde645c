"""FlashTrace held against its definition in loops, and against what the model's layers really add."""

import pytest
import torch

from explainers import EXPLAINERS, read_options
from explainers.core.errors import MaskwiseError
from explainers.flash_trace import TINY, trace
from explainers.models.copies.variants import with_eager_attention
from explainers.reports.figures.hops import hops_chart
from explainers.streams.report import scored_spans
from explainers.targets.causal.attention_blocks import attention_blocks
from explainers.targets.causal.model import CausalModel
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from explainers.text.thinking import heed_thinking
from tests.tiny_models import CAUSAL_KINDS, tiny_causal

TEXT, ANSWER = "Write a short story about a doctor.", "Once upon a time, there was a book"
UNREAD = ("gemma2", "gemma3", "gpt_neox")  # a norm behind attention; attention and MLP side by side


def target_of(kind, part=None):
    loaded = tiny_causal(kind)
    for name, parameter in loaded.model.named_parameters():
        if name.endswith("bias"):  # that biases are heeded shows only where there are some
            parameter.data.uniform_(-0.5, 0.5, generator=torch.Generator().manual_seed(0))
    prompt = render_prompt(loaded.tokenizer, TEXT)
    return ResponseTarget(loaded, prompt, encode_response(loaded.tokenizer, ANSWER), part=part)


def explain(target, k=3, **options):
    method = EXPLAINERS["flash_trace"]
    return method(read_options(method, options, k)).explain(target)


def context(target):
    return torch.tensor([[*target.prompt.input_ids, *target.response_ids[: target.part[1]]]])


@torch.no_grad()
def blocks_of(target):
    causal, ids = CausalModel(with_eager_attention(target.model)), context(target)
    return attention_blocks(causal, target.model.get_input_embeddings()(ids), ids.shape[1])


class Llama:
    """One layer by its own weights: v of a head at a position, through W_V and then W_O."""

    def __init__(self, model, layer, read):
        self.attention, self.heads = model.model.layers[layer].self_attn, model.config.num_attention_heads
        self.normed = model.model.layers[layer].input_layernorm(read)

    def v(self, head, j):
        width = self.attention.head_dim
        shared = head // self.attention.num_key_value_groups  # query heads of a group read the same values
        value = self.attention.v_proj.weight[shared * width : (shared + 1) * width] @ self.normed[j]
        return self.attention.o_proj.weight[:, head * width : (head + 1) * width] @ value

    bias = 0


class Gpt2:
    def __init__(self, model, layer, read):
        block, self.heads = model.transformer.h[layer], model.config.n_head
        self.attention, self.normed = block.attn, block.ln_1(read)
        self.bias = self.attention.c_proj.bias

    def v(self, head, j):
        d = self.normed.shape[1]
        width = d // self.heads
        own = slice(2 * d + head * width, 2 * d + (head + 1) * width)
        value = self.normed[j] @ self.attention.c_attn.weight[:, own] + self.attention.c_attn.bias[own]
        return value @ self.attention.c_proj.weight[head * width : (head + 1) * width]


@torch.no_grad()
def transcribed(target, count):
    """Layers, heads, sources and targets in loops: z per target, summed over the span; then the hops."""
    model = with_eager_attention(target.model)
    output = model(context(target), output_attentions=True, output_hidden_states=True)
    start, end = target.part
    first, n = len(target.prompt.input_ids), context(target).shape[1]
    between = range(first, first + start) if start else range(first, n)
    weights = {i: 1.0 for i in range(first + start, n)}
    result, reach = torch.zeros(first), 1.0
    for _ in range(count + 1):
        total = torch.zeros(n)
        for number, (stream, alpha) in enumerate(zip(output.hidden_states, output.attentions, strict=False)):
            layer = (Llama if hasattr(model, "model") else Gpt2)(model, number, stream[0])
            z = {(h, j): torch.zeros(stream.shape[-1]) for h in range(layer.heads) for j in range(n)}
            residual, bias = torch.zeros(stream.shape[-1]), torch.zeros(stream.shape[-1])
            for i, w in weights.items():
                residual, bias = residual + w * stream[0, i], bias + w * layer.bias
                for h, j in z:
                    z[h, j] += w * alpha[0, h, i, j] * layer.v(h, j)
            y = residual + bias + sum(z.values())
            near = {key: max(0.0, (y.abs().sum() - (y - each).abs().sum()).item()) for key, each in z.items()}
            kept = max(0.0, (y.abs().sum() - (y - residual).abs().sum()).item())
            for (_, j), value in near.items():
                total[j] += value / (sum(near.values()) + kept + TINY)
        total /= total.sum()
        result, left = result + reach * total[:first], total[list(between)].sum().item()
        weights, reach = {i: total[i].item() for i in between}, reach * left
    return target.pool(result)


@pytest.mark.parametrize("kind, part", [("llama", None), ("llama", (3, 6)), ("gpt2", (2, 5))])
def test_it_equals_the_definition_in_loops(kind, part):
    target = target_of(kind, part)
    found = explain(target, hops=2)
    assert found.scores == pytest.approx(transcribed(target, 2).tolist(), abs=1e-5)
    assert min(found.scores) >= 0 and max(found.scores) > 0.02
    assert [sum(each) for each in zip(*found.hops, strict=True)] == pytest.approx(found.scores, abs=1e-6)
    assert max(found.hops[1]) > 1e-3 and found.evaluations == target.forward_passes == 1


@pytest.mark.parametrize("kind", [kind for kind in CAUSAL_KINDS if kind not in UNREAD])
def test_contributions_residual_and_bias_are_what_the_layer_makes(kind):
    """At each position of prompt and answer, and so of any weighted sum of them."""
    for block in blocks_of(target_of(kind)):
        vectors = torch.einsum("hnm,hme,hed->nd", block.weights, block.values, block.projection)
        whole = block.before + block.bias + vectors
        assert (
            torch.allclose(whole, block.after, atol=1e-4) and (block.after - block.before).abs().max() > 0.1
        )
        spoiled = [name for name in ("values", "before", "projection") if not spoil(block, name).adds_up()]
        assert spoiled == ["values", "before", "projection"]


def spoil(block, name):
    return type(block)(**{**vars(block), name: getattr(block, name) + 0.1})


def test_a_layer_takes_in_what_the_one_before_gives_and_makes_what_the_mlp_reads():
    target = target_of("llama")
    blocks, layers = blocks_of(target), target.model.model.layers
    for block, after, layer in zip(blocks, blocks[1:], layers, strict=False):
        fed = layer.mlp(layer.post_attention_layernorm(block.after))
        assert torch.allclose(block.after + fed, after.before, atol=1e-4)


@pytest.mark.parametrize("part", [None, (4, 7)])
def test_what_flows_adds_up_to_one(part):
    hops = trace(target_of("qwen3", part), 3)
    assert hops.flows.sum(1).tolist() == pytest.approx([1] * 4) and hops.flows.min() >= 0
    start, end = hops.between
    own = hops.flows[:, hops.prompt :].sum(1) - hops.shares()  # of the explained part, which no hop follows
    left = hops.reach()[-1] * hops.shares()[-1]
    assert (hops.carried().sum() + (hops.reach() * own).sum() + left).item() == pytest.approx(1)
    assert (end - start == 4 and own[0] > 0) if part else own.abs().max() < 1e-6


def test_hops_go_through_the_thinking_that_is_skipped():
    loaded = tiny_causal("llama")
    ids = encode_response(loaded.tokenizer, "<think>There was a doctor.</think>It was good!")
    prompt, part = heed_thinking(loaded.tokenizer, render_prompt(loaded.tokenizer, TEXT), ids, "skip")
    target = ResponseTarget(loaded, prompt, ids, part=part)
    assert "and through what the model wrote before them" in explain(target).notes[-1]
    hops = trace(target, 1)
    first, last = (place - hops.prompt for place in hops.between)
    assert loaded.tokenizer.decode(ids[first:last]).strip() == "<think>There was a doctor.</think>"
    assert hops.shares()[0] > 0.01 and hops.carried()[1].sum() > 0.01


def test_hop_0_alone_is_asked_for_by_the_option():
    target = target_of("llama")
    none, some = explain(target, hops=0), explain(target_of("llama"), hops=1)
    assert none.scores == pytest.approx(some.hops[0]) and sum(some.scores) > sum(none.scores)
    assert "straight from the prompt. The rest" in none.notes[0] and "% in hop 1." in some.notes[0]
    for wrong in (-1, 4, 1.5, "1"):
        with pytest.raises(MaskwiseError, match="Option hops must"):
            explain(target, hops=wrong)


@pytest.mark.parametrize("kind", UNREAD)
def test_a_model_whose_attention_cannot_be_taken_apart_is_refused(kind):
    with pytest.raises(MaskwiseError, match=r"The attention of (gemma|gpt_neox)\w* models cannot be taken"):
        explain(target_of(kind))


def test_the_hops_are_drawn_and_stand_with_each_span():
    found = explain(target_of("gpt2"), hops=2)
    spans = scored_spans(found)
    assert [span["hops"] for span in spans] == [list(each) for each in zip(*found.hops, strict=True)]
    chart = hops_chart(spans)
    assert chart["table"]["head"] == ["word", "hop 0", "hop 1", "hop 2"]
    assert len(chart["table"]["rows"]) == len(chart["figure"]["data"][0]["x"]) == len(spans)


def test_on_the_built_in_model_its_words_matter_more_than_random_ones(smollm):
    """The paper's perturbation test: removing what it ranks first lowers log p far more than chance does."""
    text, answer = "Write a short story about the doctor and his patient.", "The doctor met his patient."
    prompt = render_prompt(smollm.tokenizer, text)
    target = ResponseTarget(smollm, prompt, encode_response(smollm.tokenizer, answer), "delete")
    found, whole = explain(target), target.log_prob_of(target.full_mask())
    removed = {span.text for span, kept in zip(target.spans, found.mask, strict=True) if not kept}
    assert {"doctor", "patient"} < removed  # the words that the answer copies
    chance = target.log_prob_of(EXPLAINERS["random_removal"]().explain(target).mask)
    assert whole - target.log_prob_of(found.mask) > whole - chance + 5
