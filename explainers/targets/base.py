"""What is being explained: a log-probability that depends on which spans are kept.

Methods see `log_prob(masks)`, `mask_gradient()`, `embeds()`, `gradient(embeds)` and `forward(**flags)`.
How a mask becomes a model input, batching and the memory of evaluated masks are settled here, so that
no method knows of them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Set
from enum import StrEnum

from explainers.core.deferred_torch import torch
from explainers.core.types import Mask, Prompt
from explainers.models.fast_fp32 import fast_fp32
from explainers.models.held import LoadedModel
from explainers.targets.batching import Batches
from explainers.targets.screening import Screen


class MaskOperator(StrEnum):
    """What a removed span becomes: a zero embedding at its position (XPrompt's m⊙x), nothing at all
    (later positions move up), or the tokenizer's unknown or padding token."""

    ZERO = "zero"
    DELETE = "delete"
    REPLACE = "replace"


class Target(ABC):
    """log p of something given the masked prompt, in nats. A mask holds 1 (keep) or 0 (remove) a span.

    on_forward: called with the number of sequences before each pass through the model; it may raise
    to end the run. evaluations counts the masks and gradients asked for, forward_passes the sequences
    that went through the model (a mask already evaluated costs none).
    """

    gradient_batch = 8
    _screen: Screen | None = None  # where there is something cheaper than `_evaluate`

    def __init__(
        self,
        loaded: LoadedModel,
        prompt: Prompt,
        operator: MaskOperator | str = MaskOperator.ZERO,
        on_forward: Callable[[int], None] | None = None,
    ):
        self.loaded, self.prompt, self.spans = loaded, prompt, prompt.spans
        self.model, self.tokenizer, self.device = loaded.model, loaded.tokenizer, loaded.device
        self.operator = MaskOperator(operator)
        self.on_forward = on_forward or (lambda rows: None)
        self.evaluations = self.forward_passes = 0
        self._memo: dict[Mask, float] = {}
        self._batches = Batches()
        self._embed = self.model.get_input_embeddings()

    @abstractmethod
    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        """log p for given prompt embeddings, (B, L, d) → (B,) fp32; differentiable."""

    @abstractmethod
    def _evaluate(self, masks: torch.Tensor) -> torch.Tensor:
        """log p for a batch that fits in memory, (B, T) → (B,)."""

    @abstractmethod
    def _batch_size(self) -> int:
        """Masks that are evaluated at once."""

    @property
    def distinct_masks(self) -> int:
        """Masks that went through the model, each counted once."""
        return len(self._memo.keys() | self._estimates())

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        """log p(y | m⊙x) in nats, (B, T) → (B,) fp64; each distinct mask is evaluated once."""
        keys = self._asked(masks)
        self._remember(keys)
        return torch.tensor([self._memo[key] for key in keys], dtype=torch.float64)

    def first_below(self, masks: torch.Tensor, bound: float) -> torch.Tensor:
        """As `log_prob`, for who seeks the first value below `bound`: (B, T) → (B,).

        That value is exact; those before it may be estimates, never below it, those after it anything.
        """
        if self._screen is None:
            return self.log_prob(masks)
        return torch.tensor(self._screen.first_below(self._asked(masks), bound), dtype=torch.float64)

    def lowest(self, masks: torch.Tensor, bound: float = math.inf) -> torch.Tensor:
        """As `log_prob`, for who seeks the lowest value, if it lies below `bound`: (B, T) → (B,).

        Every value within MIN_GAIN of the lowest is then exact; others may be estimates, never below those.
        """
        if self._screen is None:
            return self.log_prob(masks)
        return torch.tensor(self._screen.lowest(self._asked(masks), bound), dtype=torch.float64)

    def optimum(self, k: int) -> float | None:
        """The lowest log p of all masks with k zeros, where all of them have been evaluated; else None.

        What screening has shown to lie higher counts as evaluated.
        """
        exact = [mask for mask in self._memo if mask.count(0) == k]
        clear = [mask for mask in self._estimates() - self._memo.keys() if mask.count(0) == k]
        if not exact or len(exact) + len(clear) < math.comb(len(self.spans), k):
            return None
        before = self.evaluations
        lowest, self.evaluations = self.log_prob(torch.tensor(exact)).min().item(), before
        return lowest if not clear or self._screen.clear_of(clear, lowest) else None

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how values were obtained, in sentences."""
        return (note,) if self._screen and (note := self._screen.note()) else ()

    def log_prob_of(self, mask: Mask) -> float:
        """log p of one mask, in nats."""
        return self.log_prob(torch.tensor([mask])).item()

    def full_mask(self) -> Mask:
        return (1,) * len(self.spans)

    def _estimates(self) -> Set[Mask]:
        return self._screen.estimates.keys() if self._screen else set()

    def _asked(self, masks: torch.Tensor) -> list[Mask]:
        """Count the masks asked for, and make them keys."""
        keys = [tuple(int(m) for m in mask) for mask in masks.tolist()]
        self.evaluations += len(keys)
        return keys

    def _remember(self, keys: list[Mask]) -> None:
        """Evaluate those that have not been."""
        new = [key for key in dict.fromkeys(keys) if key not in self._memo]
        for batch, values in self._in_batches(new, self._batch_size(), self._evaluate):
            self._memo.update(zip(batch, values.tolist(), strict=True))

    def _in_batches(self, masks: list[Mask], size: int, evaluate: Callable) -> Iterator[tuple]:
        """Pairs of a batch and its values, evaluate: (B, T) → (B,)."""

        def one_pass(batch: list[Mask]) -> torch.Tensor:
            self.count(len(batch))
            with torch.no_grad(), fast_fp32(self.device):
                return evaluate(torch.tensor(batch, dtype=torch.float32, device=self.device))

        return self._batches.run(masks, size, one_pass)

    def count(self, rows: int) -> None:
        """Record, and announce through on_forward, a pass of `rows` sequences."""
        self.on_forward(rows)
        self.forward_passes += rows

    def embeds(self) -> torch.Tensor:
        """Word embeddings of the whole prompt, (L, d)."""
        ids = torch.tensor(self.prompt.input_ids, device=self.device)
        return self._embed(ids).detach()

    def replacement(self, operator: MaskOperator | str | None = None) -> torch.Tensor:
        """Embedding that stands in for a removed position, (d,)."""
        operator = MaskOperator(operator or self.operator)
        if operator is MaskOperator.REPLACE:
            return self._embed(torch.tensor(self.replacement_id(), device=self.device)).detach()
        return torch.zeros_like(self.embeds()[0])

    def replacement_id(self) -> int:
        """The tokenizer's unknown token where it has one, else its padding, else its end token."""
        ids = (self.tokenizer.unk_token_id, self.tokenizer.pad_token_id, self.tokenizer.eos_token_id)
        return next(i for i in ids if i is not None)

    def keep(self, masks: torch.Tensor) -> torch.Tensor:
        """Masks over spans → masks over positions, (B, T) → (B, L); differentiable."""
        belongs = torch.zeros(len(self.spans), len(self.prompt.input_ids), device=self.device)
        for t, span in enumerate(self.spans):
            belongs[t, list(span.positions)] = 1
        return 1 - (1 - masks) @ belongs

    def masked_embeds(self, masks: torch.Tensor) -> torch.Tensor:
        """m⊙x, with the replacement where m is 0, (B, T) → (B, L, d); differentiable."""
        keep = self.keep(masks)[..., None].to(self.model.dtype)
        return keep * self.embeds() + (1 - keep) * self.replacement()

    def pool(self, per_position: torch.Tensor) -> torch.Tensor:
        """Sum a value a position over each span, (L,) → (T,)."""
        return torch.stack([per_position[list(span.positions)].sum() for span in self.spans])

    def gradient(self, embeds: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """log p and its gradient at given embeddings, (B, L, d) → (B,), (B, L, d), fp32."""
        self.evaluations += len(embeds)
        values, gradients = [], []
        for part in embeds.split(self.gradient_batch):
            self.count(len(part))
            part = part.detach().requires_grad_()
            with fast_fp32(self.device):
                value = self.log_prob_from_embeds(part)
                (gradient,) = torch.autograd.grad(value.sum(), part)
            values.append(value.detach().float())
            gradients.append(gradient.float())
        return torch.cat(values).cpu(), torch.cat(gradients).cpu()

    def mask_gradient(self) -> torch.Tensor:
        """∂ log p / ∂m at m = 1, (T,); by the chain rule, the gradient at x dotted with x − replacement.

        Under deletion this is the gradient towards a zero embedding.
        """
        embeds = self.embeds()
        _, gradient = self.gradient(embeds[None])
        return self.pool((gradient[0] * (embeds - self.replacement()).float().cpu()).sum(-1))
