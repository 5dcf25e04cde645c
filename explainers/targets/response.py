"""log p of a response given a masked prompt, teacher forced, for causal language models."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask
from explainers.targets.base import MaskOperator, Target
from explainers.targets.scorer import ResponseScorer
from explainers.targets.screening import Screen

MOST_MASKS, MOST_TOKENS = 50_000, 200_000  # that are kept from one question to the next

Part = tuple[int, int]


@dataclass
class Evaluated:
    """What is known of masks: log p of the part in nats, and log p of each response token, (S,)."""

    log_probs: dict[Mask, float] = field(default_factory=dict)
    token_log_probs: dict[Mask, list[float]] = field(default_factory=dict)

    def is_full(self) -> bool:
        return len(self.log_probs) > MOST_MASKS or sum(map(len, self.token_log_probs.values())) > MOST_TOKENS


class ResponseTarget(Target):
    """Σ_s log p(y_s | m⊙x, y_<s), XPrompt's objective (arXiv 2405.20404, section 3).

    part: token indices [start, end) of the response; s runs over them alone, given the tokens before them.
    None for the whole.

    What masks have in common is computed once, and logits at the S response positions alone. Where the
    processor multiplies bfloat16 fast, that is used to screen masks; whatever decides a search, and
    whatever is reported, is evaluated in the model's own precision. screening=False turns it off.
    """

    def __init__(
        self,
        loaded,
        prompt,
        response_ids,
        operator: MaskOperator | str = MaskOperator.ZERO,
        on_forward=None,
        screening: bool = True,
        part: Part | None = None,
    ):
        from explainers.models.half_precision import (
            faster_half,  # here, because its layer's base class needs torch
        )

        super().__init__(loaded, prompt, operator, on_forward)
        if not response_ids:
            raise MaskwiseError("The answer is empty, so there is nothing to explain. Change the prompt.")
        self.response_ids = tuple(response_ids)
        check_context(loaded, len(prompt.input_ids), len(response_ids))
        self.part = check_part(part, len(self.response_ids))
        self._ids = torch.tensor([self.response_ids], device=self.device)  # (1, S)
        self._tokens: dict[Mask, list[float]] = {}
        first = min((min(span.positions) for span in self.spans), default=0)
        self._start = max(0, first - 1)  # the position before the first span stays out of the prefix:
        self._exact = self._scorer(self.model, self.part)  # where all is deleted, the answer follows on it
        if screening and (half := faster_half(self.model)):
            self._rough = self._scorer(half, self.part)
            self._screen = Screen(self._rough_values, self._exact_values, self._memo)

    def log_prob_from_embeds(self, embeds):
        return self._exact.token_log_probs(embeds, use_cache=False).sum(-1)

    @property
    def length(self) -> int:
        """Tokens that are explained."""
        return self.part[1] - self.part[0]

    def is_whole(self) -> bool:
        """Whether all of the response is explained."""
        return self.part == (0, len(self.response_ids))

    def recall(self, evaluated: Evaluated) -> None:
        """Go on from what is known of this very target; what is evaluated from now on is added there."""
        self._memo, self._tokens = evaluated.log_probs, evaluated.token_log_probs

    @no_grad
    def token_log_probs(self, mask: Mask) -> list[float]:
        """log p of each token of the whole response under one mask, S values in nats, evaluated once."""
        if mask not in self._tokens:
            self.count(1)
            embeds, arguments = self._inputs(self._whole, self._row(mask))
            self._tokens[mask] = self._whole.token_log_probs(embeds, **arguments)[0].tolist()
        return self._tokens[mask]

    @no_grad
    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at all positions of the response under one mask, (S, V), nats."""
        self.count(1)
        embeds, arguments = self._inputs(self._whole, self._row(mask))
        return self._whole.logits(embeds, **arguments)[0].float().log_softmax(-1)

    def response_column(self) -> torch.Tensor:
        """The response's token ids, (S, 1), to gather from next-token distributions."""
        return self._ids[0, :, None]

    def kept_embeds(self, mask: Mask) -> torch.Tensor:
        """The masked prompt as the model reads it when it answers, (1, L', d)."""
        masks = self._row(mask)
        embeds = self.masked_embeds(masks)
        if self.operator is not MaskOperator.DELETE:
            return embeds
        kept = embeds[:, self.keep(masks)[0] > 0.5]
        return kept if kept.shape[1] else embeds[:, -1:]

    @cached_property
    def _whole(self) -> ResponseScorer:
        return self._exact if self.is_whole() else self._scorer(self.model, (0, len(self.response_ids)))

    def _scorer(self, model, part: Part) -> ResponseScorer:
        start, end = part  # nothing after the part bears on it
        return ResponseScorer(
            model, self.prompt, self.masked_embeds, self._ids[:, :end], self._start, end - start
        )

    def _row(self, mask: Mask) -> torch.Tensor:
        return torch.tensor([mask], dtype=torch.float32, device=self.device)

    def _batch_size(self):
        return self._exact.batch_size()

    def _evaluate(self, masks):
        return self._log_probs(self._exact, masks)

    def _remember(self, keys):
        new = [key for key in dict.fromkeys(keys) if key not in self._memo]
        super()._remember(self._arranged(self._exact, new))

    def _exact_values(self, masks: list[Mask]) -> dict[Mask, float]:
        self._remember(masks)
        return {mask: self._memo[mask] for mask in masks}

    def _rough_values(self, masks: list[Mask]) -> dict[Mask, float]:
        ordered, values = self._arranged(self._rough, masks), {}
        rough = partial(self._log_probs, self._rough)
        for batch, log_probs in self._in_batches(ordered, self._rough.batch_size(), rough):
            values.update(zip(batch, log_probs.tolist(), strict=True))
        return values

    def _log_probs(self, scorer: ResponseScorer, masks: torch.Tensor) -> torch.Tensor:
        embeds, arguments = self._inputs(scorer, masks)
        return scorer.token_log_probs(embeds, **arguments).sum(-1)

    def _arranged(self, scorer: ResponseScorer, masks: list[Mask]) -> list[Mask]:
        """Deletion moves later positions, so that masked prompts share only what precedes the first span."""
        return masks if self.operator is MaskOperator.DELETE else scorer.arrange(masks)

    def _inputs(self, scorer: ResponseScorer, masks: torch.Tensor) -> tuple[torch.Tensor, dict]:
        """What is left to compute, (B, T) → (B, L', d), and the arguments that stand for the rest."""
        if self.operator is not MaskOperator.DELETE:
            return scorer.inputs(masks)
        keep, order = self._deletion_order(masks)
        embeds = self.masked_embeds(masks)[:, self._start :]
        embeds = embeds.gather(1, order[..., None].expand_as(embeds))
        return embeds, scorer.prefix_arguments(len(masks)) | self._positions(keep, scorer.response_length)

    def _deletion_order(self, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Set removed positions before kept ones, so that rows stay equally long and the last prompt
        position is one the model reads: what is kept, and the order, both (B, L - start).

        Where nothing at all is left, one zero embedding stands in: the model must read something.
        """
        keep, order = self.keep(masks)[:, self._start :].round().long().sort(dim=1, stable=True)
        keep[:, -1] = 1
        return keep, order

    def _positions(self, keep: torch.Tensor, response_length: int) -> dict:
        """Hide removed positions from attention, and move up those behind them."""
        head = keep.new_ones(len(keep), self._start)
        tail = keep.new_ones(len(keep), response_length - 1)
        attention = torch.cat([head, keep, tail], 1)  # (B, L + S - 1)
        positions = (attention.cumsum(1) - 1).clamp(min=0)
        return {"attention_mask": attention, "position_ids": positions[:, self._start :]}


def check_part(part, length: int) -> Part:
    """The token indices [start, end) of a part of a response, the whole for None; else MaskwiseError."""
    if part is None:
        return 0, length
    numbers = isinstance(part, list | tuple) and len(part) == 2 and all(type(i) is int for i in part)
    if not numbers or not 0 <= part[0] < part[1] <= length:
        raise MaskwiseError(
            f"The part to explain must be two token numbers, the first below the second, within the answer's "
            f"{length} tokens, not {part!r:.100}."
        )
    return part[0], part[1]


def check_context(loaded, prompt_length: int, response_length: int) -> None:
    """Raise MaskwiseError where prompt and response together exceed the model's context."""
    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    if context and prompt_length + response_length > context:
        raise MaskwiseError(
            f"The prompt ({prompt_length} tokens) and the answer ({response_length}) exceed this model's "
            f"context of {context} tokens. Shorten the prompt or ask for fewer new tokens."
        )
