"""The measures of removed sets of one prompt, and their floor: the same for sets drawn at random."""

from __future__ import annotations

from explainers.core.base import top_k_mask
from explainers.core.deferred_torch import torch
from explainers.core.types import Mask
from explainers.measures.intervals import interval
from explainers.measures.text import METRICS
from explainers.streams.events.comparison import Interval
from explainers.streams.report import removal_metrics
from explainers.targets.answers.decoding import masked_answers
from explainers.targets.response import ResponseTarget

TEXT_DRAWS = 5  # random sets whose answer is written anew: that takes a pass for every new token


class Removals:
    """Measures removed sets; what was measured or written once is kept."""

    def __init__(self, target: ResponseTarget, max_new_tokens: int):
        self.target, self._max_new_tokens = target, max_new_tokens
        self._kept = target.next_token_log_probs(target.full_mask())  # (R, V)
        self._responses: dict[Mask, str] = {}
        self._measured: dict[tuple[Mask, bool], dict[str, float]] = {}

    def measures(self, mask: Mask, with_text: bool = True) -> dict[str, float]:
        """All measures of one removal by name, those of the rewritten answer only with_text."""
        if (mask, with_text) not in self._measured:
            (response,) = self.responses([mask]) if with_text else [None]
            masked = self.target.next_token_log_probs(mask)
            metrics = removal_metrics(self.target, self._kept, masked, response)
            self._measured[mask, with_text] = {metric.name: metric.value for metric in metrics}
        return self._measured[mask, with_text]

    def responses(self, masks: list[Mask]) -> list[str]:
        """The answers to masked prompts; those of one length are written at once."""
        new = [mask for mask in dict.fromkeys(masks) if mask not in self._responses]
        texts = masked_answers(self.target, new, self._max_new_tokens)
        self._responses |= dict(zip(new, texts, strict=True))
        return [self._responses[mask] for mask in masks]

    def floor(self, k: int, draws: int, seed: int) -> dict[str, Interval]:
        """For each measure its mean over random sets, the ends of the 95 % interval of that mean, and the
        number of draws, which is smaller for measures of the rewritten answer."""
        drawn = random_masks(len(self.target.spans), k, draws, seed)
        self.responses(drawn[:TEXT_DRAWS])
        rows = [self.measures(mask, with_text=n < TEXT_DRAWS) for n, mask in enumerate(drawn)]
        columns = {name: [row[name] for row in rows if name in row] for name in METRICS}
        return {name: _interval(values) for name, values in columns.items()}


def _interval(values: list[float]) -> Interval:
    ends = interval(values)
    return {"mean": ends["mean"], "low": ends["low"], "high": ends["high"], "draws": len(values)}


def random_masks(spans: int, k: int, draws: int, seed: int) -> list[Mask]:
    """Masks with k zeros each. For one seed those of a smaller k lie within those of a larger one, and the
    first is the set that the method random_removal takes."""
    generator = torch.Generator().manual_seed(seed)
    return [top_k_mask(torch.rand(spans, generator=generator), k) for _ in range(draws)]
