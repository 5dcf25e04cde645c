"""XPrompt: a gradient-guided, probabilistic search for the k spans to remove together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import torch
from explainers.core.search import BEST_FOUND, Tally, joint_explanation
from explainers.core.target import MIN_GAIN, Target
from explainers.core.types import Explanation, SearchStep

LOOKAHEAD = (4, 16)  # proposals in a batch: the fewest, the most


@register
class XPrompt(Explainer):
    """Algorithm 1 of the paper: min over masks with k zeros of log p(y | m⊙x), by random swaps.

    One gradient g of log p with respect to the mask at m = 1 chooses the first mask and, by a softmax of
    |g| within the removed and within the kept spans, which two are exchanged. (The paper's softmax(m⊙g)
    would leave weight e⁰ on excluded spans; its code restricts the softmax, as here.)
    """

    title = "XPrompt"
    reference = "Algorithm 1, arXiv 2405.20404; published as JoPA, ACL 2025"
    score_meaning = "For a removed span, how far log p rises, in nats, when it alone is put back; else 0."

    @dataclass(frozen=True)
    class Options(base.Options):
        iterations: int = option(100, "Iterations", "Swaps that are tried.", minimum=1, maximum=1000)
        initialisation: str = option(
            "abs",
            "First mask",
            "abs: largest |gradient| (the paper). first_order: largest predicted fall of "
            "log p. official: the published code's sign. random: the paper's “w/o initialisation”.",
            choices=("abs", "first_order", "official", "random"),
        )
        proposals: str = option(
            "gradient",
            "Proposals",
            "gradient: swaps drawn by softmax of |gradient| (the paper). "
            "uniform: the paper's “w/o probability”.",
            choices=("gradient", "uniform"),
        )

    def passes(self, spans):
        return self.options.iterations + self.options.k + 2

    def stream(self, target: Target) -> Iterator[SearchStep | Explanation]:
        tally, o = Tally(target), self.options
        for step in random_swaps(target, o.k, o.iterations, o.seed, o.initialisation, o.proposals):
            yield step
        yield joint_explanation(self, target, step.mask, tally, BEST_FOUND)


def random_swaps(
    target: Target,
    k: int,
    iterations: int,
    seed: int,
    initialisation: str = "abs",
    proposals: str = "gradient",
) -> Iterator[SearchStep]:
    """Yield a SearchStep per iteration of Algorithm 1 on a target; for the settings, see XPrompt.Options."""
    generator = torch.Generator().manual_seed(seed)
    gradient = target.mask_gradient()  # (T,)
    weights = gradient.abs() if proposals == "gradient" else torch.zeros_like(gradient)
    mask = first_mask(gradient, k, initialisation, generator)
    draws = torch.rand(iterations, 2, generator=generator, dtype=torch.float64)
    yield from swap_search(mask, weights, draws, target.first_below, min_gain=target.min_gain)


def first_mask(
    gradient: torch.Tensor, k: int, initialisation: str, generator: torch.Generator
) -> torch.Tensor:
    """The mask the search starts from, (T,) with k zeros; equation 4 of the paper is `abs`."""
    rank = {
        "abs": gradient.abs(),
        "first_order": gradient,
        "official": -gradient,
        "random": torch.rand(len(gradient), generator=generator),
    }[initialisation]
    mask = torch.ones(len(gradient), dtype=torch.int64)
    mask[rank.topk(k).indices] = 0
    return mask


def swap_search(
    mask: torch.Tensor,
    weights: torch.Tensor,
    draws: torch.Tensor,
    first_below: Callable[[torch.Tensor, float], torch.Tensor],
    lookahead: tuple[int, int] = LOOKAHEAD,
    min_gain: float = MIN_GAIN,
) -> Iterator[SearchStep]:
    """Yield one SearchStep per proposal; a swap is kept when log p falls.

    mask, weights: (T,); draws: (N, 2) uniform numbers, a pair per iteration; first_below: (B, T) and a bound
    → (B,) nats, of which the first below it is exact; min_gain: nats, see `Target`.

    Proposals are drawn ahead as if none were accepted and evaluated as one batch: the fewest of `lookahead`,
    twice as many after each batch without an acceptance, up to the most. Those behind an accepted one are
    drawn again from the new mask with the same numbers, so every `lookahead` walks the same path.
    """
    best, step, total = first_below(mask[None], math.inf).item(), 0, len(draws)
    fewest, most = lookahead
    size = fewest
    while step < total:
        ahead = [swap(mask, weights, pair) for pair in draws[step : step + size]]
        size = min(2 * size, most)
        values = first_below(torch.stack(ahead), best - min_gain).tolist()
        for proposed, value in zip(ahead, values, strict=True):
            step += 1
            accepted = value < best - min_gain
            if accepted:
                mask, best, size = proposed, value, fewest
            taken, tried = tuple(mask.tolist()), tuple(proposed.tolist())
            yield SearchStep(step, total, taken, best, value, accepted, tried)
            if accepted:
                break


def swap(mask: torch.Tensor, weights: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
    """Put one removed span back and remove one kept span, each drawn by softmax of its weight, (T,)."""
    removed, kept = (mask == 0).nonzero()[:, 0], (mask == 1).nonzero()[:, 0]
    if not len(removed) or not len(kept):
        return mask
    proposal = mask.clone()
    proposal[_draw(removed, weights, draws[0])] = 1
    proposal[_draw(kept, weights, draws[1])] = 0
    return proposal


def _draw(candidates: torch.Tensor, weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """One of the candidates, by the inverse of their cumulative distribution."""
    cumulative = weights[candidates].double().softmax(0).cumsum(0)
    index = torch.searchsorted(cumulative, uniform * cumulative[-1]).clamp(max=len(candidates) - 1)
    return candidates[index]
