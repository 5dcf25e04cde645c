"""FlashTrace: what attention carries from the prompt to the answer, straight or through the thinking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import no_grad, torch
from explainers.core.types import Task
from explainers.models.copies.variants import with_eager_attention
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.causal.model import CausalModel
from explainers.targets.encoder_decoder.scorer import check_decoder_only
from explainers.targets.remembered import check_finite
from explainers.targets.response import ResponseTarget

if TYPE_CHECKING:
    from explainers.targets.causal.attention_blocks import AttentionBlock

TINY = 1e-12  # in place of a sum of 0 that divides


@register
class FlashTrace(Explainer[ResponseTarget]):
    """w = w⁽⁰⁾ + Σ_k (Π_{j<k} ρ_j) w⁽ᵏ⁾ on the prompt, each w⁽ᵏ⁾ a distribution over prompt and response.

    Hop 0 asks what flowed into the explained tokens: in each layer, the proximity max(0, ‖Y‖₁ − ‖Y − Z‖₁) of
    every source's part Z in Y, the residual stream behind attention, both summed over those tokens; a share
    of all proximities, the residual's included, then summed over heads and layers and scaled to sum to 1.
    Hop k asks the same of the tokens in between, weighted by what hop k − 1 gave them (ρ is their sum): those
    written before the explained ones, as thinking is; where the whole response is explained, its own.

    The paper itself was not at hand: this follows notes on it, and the authors' package in how layers are put
    together and in that an explained token's own position is the target, not the one before, which predicts
    it. It departs from the package in three things. Values are those that the model attends to, with their
    bias; each hop sums to 1 before it is weighted; no list of words is left out.
    """

    title = "FlashTrace"
    reference = "Pan et al. 2026, arXiv 2602.01914; proximity by Ferrando and Voita 2024, arXiv 2403.00824"
    tasks = frozenset({Task.GENERATION})
    score_meaning = (
        "The share of the information that attention carried into the answer which came from this span, "
        "directly or through what was written before the answer. Never negative."
    )

    @dataclass(frozen=True)
    class Options(base.Options):
        hops: int = option(
            1,
            "Hops",
            "How often what lies on the model's own words is followed further back, to the prompt. The paper "
            "takes 1.",
            minimum=0,
            maximum=3,
        )

    def passes(self, spans):
        return 1

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        check_decoder_only(target.model, self.title)
        hops = trace(target, self.options.hops)
        self.notes.append(hops.note())
        self.hops = tuple(tuple(target.pool(row).tolist()) for row in hops.carried())
        return target.pool(hops.carried().sum(0))


@dataclass(frozen=True)
class Hops:
    """flows: w⁽ᵏ⁾, (K + 1, N), each summing to 1. prompt: its positions. between: the response's positions
    that the hops go through, [start, end)."""

    flows: torch.Tensor
    prompt: int
    between: tuple[int, int]

    def shares(self) -> torch.Tensor:
        """ρ_k: what of each hop lies on the tokens in between, (K + 1,)."""
        start, end = self.between
        return self.flows[:, start:end].sum(1)

    def reach(self) -> torch.Tensor:
        """Π_{j<k} ρ_j: how much of the whole each hop follows further, (K + 1,)."""
        return torch.cat([torch.ones(1), self.shares()[:-1].cumprod(0)])

    def carried(self) -> torch.Tensor:
        """What each hop adds to the positions of the prompt, (K + 1, L)."""
        return self.reach()[:, None] * self.flows[:, : self.prompt]

    def note(self) -> str:
        """How much of the whole came from the prompt at each hop, in sentences."""
        direct, *further = (f"{part:.0%}" for part in self.carried().sum(1).tolist())
        hops = ", ".join(f"{part} in hop {k}" for k, part in enumerate(further, 1))
        before = self.between[1] < self.flows.shape[1]
        words = "what the model wrote before them" if before else "the model's own words"
        through = f", and through {words} {hops}" if hops else ""
        return (
            f"Of what flowed into the explained tokens, {direct} came straight from the prompt{through}. The "
            "rest stayed on the model's own words. The prompt's template has its part of both."
        )


@no_grad
def trace(target: ResponseTarget, count: int) -> Hops:
    """Hop 0 and `count` more, by one forward pass over the prompt and the response up to the part's end."""
    from explainers.targets.causal.attention_blocks import attention_blocks  # here, because it needs torch

    start, end = target.part
    prompt = len(target.prompt.input_ids)
    causal = CausalModel(with_eager_attention(target.model))
    ids = torch.tensor([target.response_ids[:end]], device=target.device)
    inputs = torch.cat([target.masked.inputs[None], target.masked.token_inputs.of(ids)], 1)  # (1, N, d + e)
    target.evaluations += 1
    target.count(1)
    between = (0, start) if start else (0, end)
    weights = torch.zeros(end, device=target.device)
    weights[start:] = 1
    flows = []
    with fast_fp32(target.device):
        blocks = attention_blocks(causal, inputs, end)
        for _ in range(count + 1):
            flows.append(flow(blocks, weights))
            weights = torch.zeros_like(weights)
            weights[slice(*between)] = flows[-1][prompt:][slice(*between)]
    found = torch.stack(flows).cpu()
    check_finite(found)
    return Hops(found, prompt, (prompt + between[0], prompt + between[1]))


def flow(blocks: list[AttentionBlock], weights: torch.Tensor) -> torch.Tensor:
    """What flowed from each position into the targets weighted w, (R,): a distribution, (N,)."""
    total = torch.stack([source_shares(block, weights) for block in blocks]).sum(0)
    return total / total.sum().clamp(min=TINY)


def source_shares(block: AttentionBlock, weights: torch.Tensor) -> torch.Tensor:
    """Each source position's share of one layer's proximities, over all heads, (N,); the residual has the
    rest."""
    whole, residual, attention = block.span_vectors(weights)
    sources = torch.zeros_like(attention[0])
    for alpha, values, projection in zip(attention, block.values, block.projection, strict=True):
        sources += proximity(alpha[:, None] * (values @ projection), whole)  # of (N, d)
    return sources / (sources.sum() + proximity(residual, whole)).clamp(min=TINY)


def proximity(part: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """max(0, ‖y‖₁ − ‖y − z‖₁): how much shorter the whole, (d,), is without a part, (…, d) → (…)."""
    return (whole.abs().sum() - (whole - part).abs().sum(-1)).clamp(min=0)
