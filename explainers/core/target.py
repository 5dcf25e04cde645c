"""What methods ask of whatever they explain."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TypeVar

from explainers.core.deferred_torch import torch
from explainers.core.types import Mask, TokenSpan

# A fall in log p smaller than this, in nats, may be rounding: sums in fp32 differ by up to 1e-4 with the
# size of the batch, and a search must not take another path because of it.
MIN_GAIN = 1e-3
TURNS = "this model sends each word to some of its experts by scores, and rounding may turn that choice"


class Target(ABC):
    """log p of something given a masked prompt, in nats. A mask holds 1 (keep) or 0 (remove) per span.

    evaluations: masks and gradients that were asked for. distinct_masks: masks that were evaluated, each
    counted once. min_gain: a smaller difference of log p, in nats, may be rounding. bounded: whether a larger
    one never is.
    """

    spans: tuple[TokenSpan, ...]
    evaluations: int
    min_gain: float = MIN_GAIN
    bounded: bool = True

    @property
    @abstractmethod
    def distinct_masks(self) -> int: ...

    @abstractmethod
    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        """log p(y | m⊙x) in nats, (B, T) → (B,) fp64."""

    def first_below(self, masks: torch.Tensor, bound: float) -> torch.Tensor:
        """As `log_prob`, for a search of the first value below `bound`: (B, T) → (B,).

        That value is exact. Those before it may be estimates, never below it; those after it anything.
        """
        return self.log_prob(masks)

    def lowest(self, masks: torch.Tensor, bound: float = math.inf) -> torch.Tensor:
        """As `log_prob`, for a search of the lowest value, if it lies below `bound`: (B, T) → (B,).

        Every value within `min_gain` of the lowest is then exact. Others may be estimates, never below those.
        """
        return self.log_prob(masks)

    def knows(self, mask: Mask) -> bool:
        """Whether log p of a mask has been evaluated, so that it costs nothing."""
        return False

    def optimum(self, k: int) -> float | None:
        """The lowest log p of all masks with k zeros, where all of them have been evaluated; else None."""
        return None

    def mask_gradient(self) -> torch.Tensor:
        """∂ log p / ∂m at m = 1, (T,)."""
        raise NotImplementedError

    def notes(self) -> tuple[str, ...]:
        """What a reader must know of how values were obtained, in sentences."""
        return ()

    def log_prob_of(self, mask: Mask) -> float:
        """log p of one mask, in nats."""
        return self.log_prob(torch.tensor([mask])).item()

    def full_mask(self) -> Mask:
        return (1,) * len(self.spans)


TargetT = TypeVar("TargetT", bound=Target, contravariant=True)
