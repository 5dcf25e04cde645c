"""AttnLRP held against its rules written out, layer by layer, and against the conservation of relevance."""

import pytest
import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from explainers import EXPLAINERS
from explainers.attn_lrp import propagate
from explainers.core.errors import MaskwiseError
from explainers.models.lrp_rules import ATTN_LRP_ARCHITECTURES
from explainers.targets.gradients import check_gradients
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import encode_response, render_prompt
from tests.tiny_models import CAUSAL_KINDS, tiny_causal

TEXT, ANSWER = "Write a short story about a doctor.", "Once upon a time"


def target_of(kind, part=None, seed=0):
    """Without biases and learned positions, which take up relevance, and with norms that scale."""
    loaded = tiny_causal(kind, seed=seed)
    for name, parameter in loaded.model.named_parameters():
        if name.endswith(("bias", "wpe.weight", "embed_positions.weight")):
            parameter.data.zero_()
        elif parameter.dim() == 1:
            parameter.data.uniform_(0.5, 1.5, generator=torch.Generator().manual_seed(0))
    prompt = render_prompt(loaded.tokenizer, TEXT)
    return ResponseTarget(loaded, prompt, encode_response(loaded.tokenizer, ANSWER), part=part)


def whole(target):
    return torch.tensor([[*target.prompt.input_ids, *target.response_ids[: target.part[1]]]])


class Softmaxes(TorchFunctionMode):
    """Keeps what goes into every softmax and what comes out."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        if func is functional.softmax and output.requires_grad:
            args[0].retain_grad(), output.retain_grad()
            self.seen.append((args[0], output))
        return output

    def taken(self):
        """Relevance that went in from above, less what came out below."""
        return sum(
            relevance(output) - relevance(torch.where(logits.isfinite(), logits, 0), logits.grad)
            for logits, output in self.seen
        )


def relevance(values, gradient=None):
    return (values.double() * (values.grad if gradient is None else gradient)).sum().item()


@pytest.mark.parametrize("kind", CAUSAL_KINDS)
def test_no_relevance_is_lost_but_in_softmax(kind, monkeypatch):
    target, softmaxes = target_of(kind), Softmaxes()
    check_gradients(target.model)  # once per model, with softmaxes of its own
    monkeypatch.setattr(torch.autograd, "grad", lambda y, x: (y.backward(), (x.grad,))[1])
    with softmaxes:
        found, logit = propagate(target)
    assert len(softmaxes.seen) == 2
    assert found.sum().item() + softmaxes.taken() == pytest.approx(logit, rel=1e-3, abs=1e-3)
    assert abs(softmaxes.taken()) > 1e-3 and found.abs().max() > 0.01


def test_it_equals_the_papers_rules_written_out():
    """Proposition by proposition on a tiny Llama in fp64, with no gradient."""
    target = target_of("llama", part=(1, 4))
    found, _ = propagate(target)
    expected = Transcribed(target).relevance()
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-3, abs=1e-3)


class Transcribed:
    def __init__(self, target):
        self.model, self.ids, self.part = target.model, whole(target), target.part
        self.heads = self.model.config.num_attention_heads

    def relevance(self):
        """Of each position but the last, from the logits of the explained tokens down to the embeddings."""
        x = self.weight("embed_tokens")[self.ids[0, :-1]]  # (L, d)
        layers, inputs = self.model.model.layers, [x]
        for layer in layers:
            inputs.append(self.block(layer, inputs[-1])[0])
        scored = self.part[1] - self.part[0]
        last, head = inputs[-1], self.model.lm_head.weight.double()
        normed, rows = self.norm(self.model.model.norm, last), torch.zeros(len(last), len(head)).double()
        logits = normed @ head.T
        for row, token in zip(
            range(len(last) - scored, len(last)), self.ids[0, self.part[0] - self.part[1] :], strict=True
        ):
            rows[row, token] = logits[row, token]
        r = linear(normed, head, rows)  # a norm passes relevance unchanged
        for layer, x in zip(reversed(layers), reversed(inputs[:-1]), strict=True):
            r = self.block(layer, x, r)[1]
        return r.sum(-1)

    def block(self, layer, x, r=None):
        """What a layer makes of x, (L, d), and the relevance of x where that of its output is r."""
        attended, attention_rule = self.attention(layer.self_attn, self.norm(layer.input_layernorm, x))
        middle = x + attended
        fed, mlp_rule = self.mlp(layer.mlp, self.norm(layer.post_attention_layernorm, middle))
        out = middle + fed
        if r is None:
            return out, None
        r = per(r, out) * middle + mlp_rule(per(r, out) * fed)
        return out, per(r, middle) * x + attention_rule(per(r, middle) * attended)

    def mlp(self, mlp, x):
        gate, up, down = (getattr(mlp, f"{n}_proj").weight.double() for n in ("gate", "up", "down"))
        product = functional.silu(x @ gate.T) * (x @ up.T)

        def rule(r):
            half = linear(product, down, r) / 2  # of the product; silu passes its half unchanged
            return linear(x, gate, half) + linear(x, up, half)

        return product @ down.T, rule

    def attention(self, module, x):
        names = ("q", "k", "v", "o")
        wq, wk, wv, wo = (getattr(module, f"{n}_proj").weight.double() for n in names)
        group = self.heads * len(wv) // len(wq)
        q, k, v = (self.split(x @ w.T) for w in (wq, wk, wv))
        turned_q, turned_k = self.turn(q), self.turn(k)
        share = torch.arange(self.heads) // (self.heads // group)  # the key head that a query head reads
        scores = torch.einsum("hid,hjd->hij", turned_q, turned_k[share]) * module.scaling
        future = torch.ones_like(scores[0]).triu(1).bool()
        a = scores.masked_fill(future, -torch.inf).softmax(-1)
        o = torch.einsum("hij,hjd->hid", a, v[share])

        def rule(r):
            r_o = self.split(linear(self.join(o), wo, r))
            parts = torch.einsum("hij,hjd,hid->hijd", a, v[share], per(r_o, o)) / 2
            r_a, r_v = parts.sum(-1), parts.sum(1)
            r_s = scores * (r_a - a * r_a.sum(-1, keepdim=True))
            per_score = per(r_s, scores)[..., None] * module.scaling / 2
            products = turned_q[:, :, None] * turned_k[share][:, None] * per_score
            r_q = self.turned_back(q, turned_q, products.sum(2))
            r_k, r_v = (torch.zeros_like(k).index_add(0, share, each) for each in (products.sum(1), r_v))
            r_k = self.turned_back(k, turned_k, r_k)
            pairs = ((wq, r_q), (wk, r_k), (wv, r_v))
            return sum(linear(x, w, self.join(each)) for w, each in pairs)

        return self.join(o) @ wo.T, rule

    def turn(self, x):
        """Rotary positions of (H, L, d)."""
        return x * self.cos(x) + rotated(x) * self.sin(x)

    def turned_back(self, x, turned, r):
        """The relevance of x where that of what it was turned to is r; each turn is a linear map."""
        share = per(r, turned)
        half = x.shape[-1] // 2
        sines = share * self.sin(x)
        across = torch.cat([sines[..., half:], -sines[..., :half]], -1)  # the turn's transpose
        return x * (share * self.cos(x) + across)

    def cos(self, x):
        return self.angles(x).cos()

    def sin(self, x):
        return self.angles(x).sin()

    def angles(self, x):
        length, width = x.shape[-2:]
        speed = 10_000.0 ** (-torch.arange(0, width, 2).double() / width)
        return torch.cat([torch.arange(length)[:, None] * speed] * 2, -1)

    def split(self, x):
        return x.view(len(x), -1, self.model.config.head_dim).transpose(0, 1)

    def join(self, x):
        return x.transpose(0, 1).flatten(1)

    def norm(self, norm, x):
        return norm.weight.double() * x / (x.square().mean(-1, keepdim=True) + norm.variance_epsilon).sqrt()

    def weight(self, name):
        return getattr(self.model.model, name).weight.double()


def linear(x, weight, r):
    """The ε-rule for y = W x without ε: R_i = x_i Σ_j W_ji R_j / y_j."""
    return x * (per(r, x @ weight.T) @ weight)


def per(r, y):
    """r / y; where y is 0 (the first token's embedding is), no relevance reaches it."""
    return torch.where(y == 0, 0, r / y)


def rotated(x):
    half = x.shape[-1] // 2
    return torch.cat([-x[..., half:], x[..., :half]], -1)


@pytest.mark.parametrize("kind", ["gpt_neo", "bloom"])
def test_an_architecture_without_rules_is_refused_by_name(kind, monkeypatch):
    target = target_of("llama")
    monkeypatch.setattr(target.model.config, "model_type", kind)
    with pytest.raises(MaskwiseError, match=f"AttnLRP has no rules for {kind} models; it supports gemma2"):
        EXPLAINERS["attn_lrp"]().explain(target)


def test_every_architecture_with_rules_is_one_of_those_shown():
    assert sorted(ATTN_LRP_ARCHITECTURES) == sorted(
        tiny_causal(k).model.config.model_type for k in CAUSAL_KINDS
    )


def test_the_model_is_left_as_it_was():
    target = target_of("qwen3")
    before = target.log_prob_of(target.full_mask())
    (note,) = EXPLAINERS["attn_lrp"]().explain(target).notes
    assert "flows back to the spans" in note and target.model.config._attn_implementation != "eager"
    assert target_of("qwen3").log_prob_of(target.full_mask()) == before


def test_on_the_built_in_model_its_words_matter_more_than_random_ones(smollm):
    """The paper's perturbation test: removing what it ranks first lowers log p far more than chance does."""
    lost = {"attn_lrp": 0.0, "random_removal": 0.0}
    for text in ("Name the capital of France.", "Write a short story about the doctor and his patient."):
        prompt = render_prompt(smollm.tokenizer, text)
        answer = "The capital of France is Paris." if "France" in text else "The doctor met his patient."
        target = ResponseTarget(smollm, prompt, encode_response(smollm.tokenizer, answer), "delete")
        for method in lost:
            mask = EXPLAINERS[method]().explain(target).mask
            lost[method] += target.log_prob_of(target.full_mask()) - target.log_prob_of(mask)
    assert lost["attn_lrp"] > lost["random_removal"] + 5
