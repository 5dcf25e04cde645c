"""What is being explained: a log-probability that depends on which spans are kept.

A target remembers and counts; a scorer evaluates; how a removed span reads is settled by MaskedPrompt.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.target import MIN_GAIN, TURNS, Target
from explainers.core.types import Mask, OnForward, TokenSpan
from explainers.models.fast_fp32 import fast_fp32
from explainers.models.loaded import LoadedModel
from explainers.targets.batching import Batches, Passes, gradient_rows
from explainers.targets.causal.reading import ROUNDING
from explainers.targets.gradients import check_gradients
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.remembered import Remembered, check_finite
from explainers.targets.screening import Screen

PER_LAYER = (
    "This model also reads each word's per-layer inputs. Those of a removed word stay as they are: choose "
    "delete or replace to remove them as well."
)


class ScoredTarget(Target):
    """A target over any scorer, screened where a cheaper one is given as well.

    scored: values by the scorer that decides. estimated: values by a cheaper one. passes: counts what goes
    through the model; a mask that is remembered costs nothing.
    """

    def __init__(
        self,
        spans: tuple[TokenSpan, ...],
        passes: Passes,
        scored: Remembered,
        estimated: Remembered | None = None,
    ):
        self.spans, self.passes, self.scored = spans, passes, scored
        self.evaluations = 0
        self.screen = Screen(estimated, scored, self.min_gain) if estimated else None

    @property
    def distinct_masks(self) -> int:
        return len(self.scored.known.keys() | (self.screen.estimates.keys() if self.screen else ()))

    @property
    def forward_passes(self) -> int:
        """Sequences that went through the model."""
        return self.passes.total

    @property
    def on_forward(self) -> OnForward:
        """Called with the number of sequences before each pass; it may raise to end the run."""
        return self.passes.on_forward

    @on_forward.setter
    def on_forward(self, on_forward: OnForward) -> None:
        self.passes.on_forward = on_forward

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        return torch.tensor(self.scored.of(self._asked(masks)), dtype=torch.float64)

    def first_below(self, masks: torch.Tensor, bound: float) -> torch.Tensor:
        if self.screen is None:
            return self.log_prob(masks)
        return torch.tensor(self.screen.first_below(self._asked(masks), bound), dtype=torch.float64)

    def lowest(self, masks: torch.Tensor, bound: float = math.inf) -> torch.Tensor:
        if self.screen is None:
            return self.log_prob(masks)
        return torch.tensor(self.screen.lowest(self._asked(masks), bound), dtype=torch.float64)

    def knows(self, mask: Mask) -> bool:
        return mask in self.scored.known or (self.screen is not None and mask in self.screen.estimates)

    def optimum(self, k: int) -> float | None:
        """What screening has shown to lie higher counts as evaluated."""
        exact = [value for mask, value in self.scored.known.items() if mask.count(0) == k]
        clear = [mask for mask in self.screen.cleared() if mask.count(0) == k] if self.screen else []
        if not exact or len(exact) + len(clear) < math.comb(len(self.spans), k):
            return None
        lowest = min(exact)
        if self.screen and clear and not self.screen.clear_of(clear, lowest):
            return None
        return lowest

    def notes(self) -> tuple[str, ...]:
        return (note,) if self.screen and (note := self.screen.note()) else ()

    def count(self, rows: int) -> None:
        """Record, and announce through on_forward, a pass of `rows` sequences."""
        self.passes.announce(rows)

    def _asked(self, masks: torch.Tensor) -> list[Mask]:
        """Count the masks asked for, and make them keys."""
        keys = as_masks(masks)
        self.evaluations += len(keys)
        return keys


class ModelTarget(ScoredTarget):
    """A target whose words are read by a model as embeddings, so that gradients can be had."""

    def __init__(
        self,
        loaded: LoadedModel,
        masked: MaskedPrompt,
        passes: Passes,
        scored: Remembered,
        estimated: Remembered | None = None,
        exact: LoadedModel | None = None,
        tokens: int = 1,
        rounding: float = ROUNDING,
    ):
        """loaded: the model as it is held. exact: its form that computes all numbers, where that is another;
        masked reads by it. tokens: how many log p is a sum of. rounding: as `rounding_of` gives it."""
        self.loaded, self.masked, self.prompt = loaded, masked, masked.prompt
        self.model, self.tokenizer, self.device = (exact or loaded).model, loaded.tokenizer, loaded.device
        self.bounded = math.isfinite(rounding)
        self.min_gain = least_gain_of(self.model.dtype, tokens, rounding if self.bounded else ROUNDING)
        self._gradient_batches = Batches(passes)
        super().__init__(masked.prompt.spans, passes, scored, estimated)

    @abstractmethod
    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """log p for given prompt embeddings, (B, L, d) → (B,) fp32; differentiable."""

    @property
    def operator(self) -> MaskOperator:
        return self.masked.operator

    def embeds(self) -> torch.Tensor:
        """Word embeddings of the whole prompt, (L, d)."""
        return self.masked.embeds

    def notes(self) -> tuple[str, ...]:
        leaves = self.operator is MaskOperator.ZERO and self.masked.inputs.shape != self.masked.embeds.shape
        precision = precision_notes(
            self.loaded.dtype, self.model.dtype, self.min_gain if self.bounded else math.inf
        )
        return (*super().notes(), *((PER_LAYER,) if leaves else ()), *precision)

    def pool(self, per_position: torch.Tensor) -> torch.Tensor:
        """Sum a value per position over each span, (L,) → (T,)."""
        return torch.stack([per_position[list(span.positions)].sum() for span in self.spans])

    def differentiable(self, quantity: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """What a gradient is taken of, by name, as a function of embeddings, (B, L, d) → (B,).

        "log_prob": log p. "score": a class's score before softmax, which only classes have.
        """
        if quantity != "log_prob":
            raise MaskwiseError(
                f"An answer has no {quantity}, only a class has. Take the gradient of log_prob."
            )
        return self.log_prob_from_embeds

    def gradient(self, embeds: torch.Tensor, quantity: str = "log_prob") -> tuple[torch.Tensor, torch.Tensor]:
        """A quantity and its gradient at given embeddings, (B, L, d) → (B,), (B, L, d), fp32.

        quantity: as in `differentiable`.
        """
        check_gradients(self.model)
        function = self.differentiable(quantity)
        self.evaluations += len(embeds)
        values, gradients = [], []
        for batch in self._gradient_batches.of(embeds, gradient_rows(self.model, embeds.shape[1])):
            with batch:
                self.count(len(batch.items))
                at = batch.items.detach().requires_grad_()
                with fast_fp32(self.device):
                    value = function(at)
                    (gradient,) = torch.autograd.grad(value.sum(), at)
                values.append(value.detach().float().cpu())
                gradients.append(gradient.float().cpu())
        check_finite(torch.cat(gradients))
        return torch.cat(values), torch.cat(gradients)

    def mask_gradient(self) -> torch.Tensor:
        """∂ log p / ∂m at m = 1, (T,); by the chain rule, the gradient at x dotted with x − replacement.

        Under deletion this is the gradient towards a zero embedding.
        """
        embeds = self.embeds()
        _, gradient = self.gradient(embeds[None])
        towards = embeds - self.masked.replacement(self.operator)
        return self.pool((gradient[0] * towards.float().cpu()).sum(-1))


def least_gain_of(dtype: torch.dtype, tokens: int = 1, rounding: float = ROUNDING) -> float:
    """The least difference of log p of so many tokens, in nats, that is no rounding in this precision.

    rounding: steps of the precision by which the difference of two log p of one token may be off.
    """
    return max(MIN_GAIN, rounding * torch.finfo(dtype).eps * math.sqrt(tokens))


def precision_notes(held: torch.dtype, computed: torch.dtype, least_gain: float) -> tuple[str, ...]:
    """What a reader must know of a model in half precision, in sentences. held: of its weights. least_gain:
    infinite where nothing bounds the rounding."""
    name = dtype_name(held)
    if torch.finfo(held).bits > 16:
        return ()
    if computed is torch.float32:
        return (f"The model's weights are in {name}; log p and gradients were computed from them in fp32.",)
    reach = f"differences below {least_gain:.2g} nats may be rounding."
    if math.isinf(least_gain):
        reach = f"{TURNS}. Differences of several nats may be rounding."
    return (
        f"Log p and gradients were computed in {name}, since no fp32 copy of the model could be had: {reach}",
    )


def dtype_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def as_masks(masks: torch.Tensor) -> list[Mask]:
    """(B, T) → B masks."""
    return [tuple(map(int, mask)) for mask in masks.tolist()]
