"""Values of masks, each asked of a scorer once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask


class Remembered:
    """The memory in front of a scorer.

    evaluate: (B, T) → one row of values per mask. known: what has been evaluated; it may be exchanged.
    """

    def __init__(self, evaluate: Callable[[torch.Tensor], torch.Tensor]):
        self._evaluate = evaluate
        self.known: dict[Mask, float] = {}

    def of(self, masks: Sequence[Mask]) -> list[float]:
        """The values of these masks; raises MaskwiseError where one is not a number."""
        if new := [mask for mask in dict.fromkeys(masks) if mask not in self.known]:
            values = self._evaluate(torch.tensor(new, dtype=torch.float32))
            check_finite(values)
            self.known.update(zip(new, values.tolist(), strict=True))
        return [self.known[mask] for mask in masks]


def check_finite(values: torch.Tensor) -> None:
    """Raise MaskwiseError where a model's numbers have overflowed, so that they never reach a result."""
    if not values.isfinite().all():
        raise MaskwiseError(
            "This model's numbers overflow (NaN or infinity), so nothing can be said of its answer. Its "
            "weights are damaged, or too large for the precision they are held in: load it in fp32, or "
            "choose another model."
        )
