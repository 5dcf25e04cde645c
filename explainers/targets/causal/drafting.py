"""Greedy decoding with a small copy of the model ahead: it drafts, and one pass of the model confirms.

Speculative decoding (Leviathan et al. 2023, arXiv 2211.17192) in its greedy case: every token is the model's
own argmax, and a draft decides only how many of them one pass finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.types import OnForward
from explainers.models.loaded import IN_MEMORY, LoadedModel
from explainers.targets.causal.cache import Cache, cache_arguments
from explainers.targets.causal.model import CausalModel
from explainers.targets.causal.reading import reading_of
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.remembered import check_finite

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_DRAFTED = 7
SURE = 2.0  # logits between a drafted token and the next best: with less, nothing is drafted behind it
TIE = 1e-3  # logits: where the two best are so close, passes over one token and over several may disagree


class Draft:
    """Writes with the small copy, behind what the model has read."""

    def __init__(
        self,
        make: Callable[[], PreTrainedModel | None],
        inputs: TokenInputs,
        ends: set[int],
        on_forward: OnForward,
    ):
        self._make, self._inputs, self._ends, self._on_forward = make, inputs, ends, on_forward

    @cached_property
    def _model(self) -> PreTrainedModel | None:
        """Made once the first token is written, so that nobody waits for that."""
        return self._make()

    def tokens(self, last: int, cache: Cache | None, length: int, most: int) -> list[int]:
        """Up to `most` tokens behind `last`, which comes after the first `length` positions of a cache; none
        where there is no small copy."""
        if self._model is None:
            return []
        arguments, sure = cache_arguments(cache, 1, length), True
        drafted: list[int] = []
        while sure and len(drafted) < min(most, MOST_DRAFTED):
            self._on_forward(1)
            with torch.inference_mode():
                read = self._inputs.of(torch.tensor([[last]]))
                logits = self._model(**self._inputs.arguments(read), **arguments).logits[0, -1]
            last = int(logits.argmax())
            drafted.append(last)
            sure = float(margins(logits)) >= SURE and last not in self._ends
        return drafted


class DraftedDecoding:
    """Writes one sequence. on_forward is called before each pass, also of the draft."""

    def __init__(self, causal: CausalModel, draft: Draft, on_forward: OnForward):
        self._causal, self._draft, self._on_forward = causal, draft, on_forward
        self._cache: Cache | None = None
        self._length = 0  # positions of the cache that hold: all of the sequence but its last token

    def tokens(self, inputs: torch.Tensor, most: int) -> Iterator[int]:
        """The next `most` tokens after inputs, (1, L, d + e); end tokens do not end it."""
        drafted: list[int] = []
        while most > 0:
            written = self._confirmed(inputs, drafted)
            yield from written
            most -= len(written)
            drafted = self._draft.tokens(written[-1], self._cache, self._length, most - 1)
            inputs = self._causal.token_inputs.of(torch.tensor([[written[-1], *drafted]]))

    def _confirmed(self, inputs: torch.Tensor, drafted: list[int]) -> list[int]:
        """What the model writes after inputs that end with drafted tokens: those of them that it would have
        written itself, and one more."""
        first = inputs.shape[1] - len(drafted)
        written: list[int] = []
        cache, logits = self._read(inputs, len(drafted) + 1)
        for token, margin in zip(logits.argmax(-1).tolist(), margins(logits).tolist(), strict=True):
            known = first + len(written)  # inputs that the token follows
            if drafted and margin < TIE:
                self._keep(cache, known - 1)
                return written + self._confirmed(inputs[:, known - 1 : known], [])
            written.append(token)
            if drafted[len(written) - 1 : len(written)] != [token]:
                break
        self._keep(cache, known)
        return written

    @no_grad
    def _read(self, inputs: torch.Tensor, count: int) -> tuple[Cache | None, torch.Tensor]:
        """The cache with all inputs, and the logits at the last `count`, (count, V)."""
        self._on_forward(1)
        arguments = cache_arguments(self._cache, 1, self._length) | {"use_cache": True}
        output = self._causal.output(inputs, count, **arguments)
        check_finite(output.logits)
        return output.past_key_values, output.logits[0, -count:]

    def _keep(self, cache: Cache | None, inputs: int) -> None:
        """Go on from a cache in which this many more inputs hold."""
        self._cache, self._length = cache, self._length + inputs


def draft_of(loaded: LoadedModel) -> Callable[[], PreTrainedModel | None] | None:
    """What gives the model's small copy, where one pays and may be used.

    A caller's own model object gets none: whatever hangs on its modules would see the passes of the copy.
    """
    from explainers.models.copies.four_bit import faster_draft  # here: its layer's base class needs torch

    if loaded.revision == IN_MEMORY or loaded.model.config.is_encoder_decoder:
        return None
    return faster_draft(loaded.model) if reading_of(loaded.model).crops else None


def margins(logits: torch.Tensor) -> torch.Tensor:
    """How far the best logit lies above the next, (…, V) → (…)."""
    best, second = logits.topk(2).values.unbind(-1)
    return best - second
