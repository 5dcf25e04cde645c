"""Algorithm 1 of XPrompt (arXiv 2405.20404) run as published: the slow reference.

One candidate at a time, the whole sequence through the model in its own precision, logits at every
position, no cache and no memory of what was evaluated. Only the draws, and the least fall in log p that
counts, are ours, so that both walk the same path.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from benchmarks.setting import Answered
from explainers.core.types import SearchStep
from explainers.xprompt import first_mask, swap_search


class PublishedTarget:
    """log p of a response, evaluated as published. Counts evaluations."""

    def __init__(self, answered: Answered):
        self.model, self.spans = answered.loaded.model, answered.prompt.spans
        embed, device = self.model.get_input_embeddings(), answered.loaded.device
        self.prompt = embed(torch.tensor(answered.prompt.input_ids, device=device)).detach()  # (L, d)
        self.ids = torch.tensor(answered.response_ids, device=device)  # (S,)
        self.response = embed(self.ids).detach()
        self.evaluations = 0

    def log_prob(self, mask: torch.Tensor) -> torch.Tensor:
        """log p for one mask, (T,) → (), nats; differentiable."""
        self.evaluations += 1
        belongs = torch.zeros(len(self.spans), len(self.prompt), device=self.prompt.device)
        for t, span in enumerate(self.spans):
            belongs[t, list(span.positions)] = 1
        keep = 1 - (1 - mask.to(belongs)) @ belongs  # (L,)
        whole = torch.cat([keep[:, None] * self.prompt, self.response])[None]
        logits = self.model(inputs_embeds=whole, use_cache=False).logits[0].float()
        before = logits[len(self.prompt) - 1 : -1].log_softmax(-1)  # (S, V)
        return before.gather(1, self.ids[:, None]).sum()

    @torch.no_grad()
    def one_by_one(self, masks: torch.Tensor, bound: float) -> torch.Tensor:
        return torch.stack([self.log_prob(mask) for mask in masks]).double().cpu()

    def mask_gradient(self) -> torch.Tensor:
        mask = torch.ones(len(self.spans), device=self.prompt.device, requires_grad=True)
        (gradient,) = torch.autograd.grad(self.log_prob(mask), mask)
        return gradient.cpu()


def published_search(target: PublishedTarget, k: int, iterations: int, seed: int) -> Iterator[SearchStep]:
    """Algorithm 1, a step per iteration."""
    generator = torch.Generator().manual_seed(seed)
    gradient = target.mask_gradient()
    mask = first_mask(gradient, k, "abs", generator)
    draws = torch.rand(iterations, 2, generator=generator, dtype=torch.float64)
    yield from swap_search(mask, gradient.abs(), draws, target.one_by_one, (1, 1))
