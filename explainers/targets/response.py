"""log p of a response given a masked prompt, teacher forced, for causal language models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import Mask, OnForward, Prompt
from explainers.models.copies.full_precision import in_fp32
from explainers.models.copies.several_devices import SpreadScorer, copies_elsewhere
from explainers.models.loaded import LoadedModel
from explainers.targets.base import ModelTarget, dtype_name
from explainers.targets.batching import Passes
from explainers.targets.causal.model import CausalModel
from explainers.targets.causal.prefix import HandedOn
from explainers.targets.causal.reading import rounding_of
from explainers.targets.encoder_decoder.scorer import EncoderDecoderScorer
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.remembered import Remembered, check_finite
from explainers.targets.scorer import TransformersScorer
from explainers.targets.screening import Screened
from explainers.text.prompts import decode_answer

UNSEEN = "The answer shows no text: its tokens, {} in number, are white space or marks of the model's own."
WRITTEN = "Answers are written in {}, the precision of the weights."
MOST_MASKS, MOST_TOKENS = 50_000, 200_000  # that are kept from one question to the next

Part = tuple[int, int]
ResponseScorer = TransformersScorer | EncoderDecoderScorer


@dataclass
class Evaluated:
    """What is known of masks: log p of the part in nats, and log p of each response token, (R,). screened: of
    masks that were estimated. prefix: what all of them share, as the model has read it."""

    log_probs: dict[Mask, float] = field(default_factory=dict)
    token_log_probs: dict[Mask, list[float]] = field(default_factory=dict)
    screened: Screened = field(default_factory=Screened)
    prefix: HandedOn = field(default_factory=HandedOn)

    def is_full(self) -> bool:
        masks = len(self.log_probs) + len(self.screened.estimates)
        return masks > MOST_MASKS or sum(map(len, self.token_log_probs.values())) > MOST_TOKENS


@dataclass(frozen=True)
class Question:
    """log p of a part of a response after masked prompts, to be computed by any form of the model."""

    prompt: Prompt
    operator: MaskOperator | str
    response_ids: tuple[int, ...]
    part: Part
    passes: Passes

    def scorer_on(self, form: LoadedModel) -> ResponseScorer:
        start, end = self.part  # nothing after the part bears on it
        ids = torch.tensor([self.response_ids[:end]], device=form.device)
        rest = MaskedPrompt(form, self.prompt, self.operator), ids, end - start, self.passes
        if form.model.config.is_encoder_decoder:
            return EncoderDecoderScorer(form.model, *rest)
        return TransformersScorer(CausalModel(form.model), *rest)

    def remembered(self, scorer: ResponseScorer, form: LoadedModel) -> Remembered:
        """What the form's scorer gives, with its copies on other devices at work beside it."""
        if not form.others:
            return Remembered(scorer.log_prob)
        spread = SpreadScorer(scorer, lambda: map(self.scorer_on, copies_elsewhere(form)))
        return Remembered(spread.log_prob)


def _rough_form(held: LoadedModel, exact: LoadedModel) -> LoadedModel | None:
    """A form that multiplies in bfloat16, where that is faster."""
    from explainers.models.copies.half_precision import faster_half, multiplies_bfloat16

    model = held.model
    if model.config.is_encoder_decoder:
        return None
    if held is exact:
        half = faster_half(model)
        return replace(held, model=half) if half else None
    return held if model.dtype is torch.bfloat16 and multiplies_bfloat16(model.device) else None


class ResponseTarget(ModelTarget):
    """Σ_s log p(y_s | m⊙x, y_<s), XPrompt's objective (arXiv 2405.20404, section 3).

    part: token indices [start, end) of the response; s runs over them alone, given the tokens before them.
    None for the whole.

    Whatever decides a search, and whatever is reported, is evaluated in fp32: of a model in half precision,
    by an fp32 copy, where memory holds that; else `min_gain` says how far rounding may reach. So are
    gradients. Answers are written by the model as it is held. Where the processor multiplies bfloat16 fast,
    that is used to screen masks; screening=False turns it off.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        prompt: Prompt,
        response_ids: Sequence[int],
        operator: MaskOperator | str = MaskOperator.ZERO,
        on_forward: OnForward | None = None,
        screening: bool = True,
        part: Part | None = None,
    ):
        if not response_ids:
            raise MaskwiseError("The answer is empty, so there is nothing to explain. Change the prompt.")
        self.response_ids = tuple(response_ids)
        check_context(loaded, len(prompt.input_ids), len(response_ids))
        self.part = check_part(part, len(self.response_ids))
        exact, passes = in_fp32(loaded), Passes(on_forward)
        masked = MaskedPrompt(exact, prompt, operator)
        self._held = masked if exact is loaded else MaskedPrompt(loaded, prompt, operator)
        self._exact, self.question = exact, Question(prompt, operator, self.response_ids, self.part, passes)
        self._ids = torch.tensor([self.response_ids], device=loaded.device)  # (1, R)
        self._tokens: dict[Mask, list[float]] = {}
        self.scorer = self.question.scorer_on(exact)
        self.rough_scorer: ResponseScorer | None = None
        estimated = None
        if screening and (rough := _rough_form(loaded, exact)):
            self.rough_scorer = self.question.scorer_on(rough)
            estimated = self.question.remembered(self.rough_scorer, rough)
        scored = self.question.remembered(self.scorer, exact)
        rounding = rounding_of(exact.model)
        super().__init__(loaded, masked, passes, scored, estimated, exact, self.length, rounding)

    def anew(self, screening: bool | None = None) -> ResponseTarget:
        """The same question with an empty memory and counts of its own. screening: None for as this one."""
        return ResponseTarget(
            self.loaded,
            self.prompt,
            self.response_ids,
            operator=self.operator,
            on_forward=self.on_forward,
            screening=self.rough_scorer is not None if screening is None else screening,
            part=self.part,
        )

    def log_prob_from_embeds(self, embeds: torch.Tensor) -> torch.Tensor:
        return self.scorer.log_prob_from_embeds(embeds)

    @property
    def length(self) -> int:
        """Tokens that are explained."""
        return self.part[1] - self.part[0]

    def is_whole(self) -> bool:
        """Whether all of the response is explained."""
        return self.part == (0, len(self.response_ids))

    def notes(self) -> tuple[str, ...]:
        written = (WRITTEN.format(dtype_name(self.loaded.dtype)),) if self._held is not self.masked else ()
        blank = not decode_answer(self.tokenizer, self.response_ids).strip()
        unseen = (UNSEEN.format(len(self.response_ids)),) if blank else ()
        return (*super().notes(), *written, *unseen)

    def recall(self, evaluated: Evaluated) -> None:
        """Go on from what is known of this very target; what is evaluated from now on is added there."""
        self.scored.known, self._tokens = evaluated.log_probs, evaluated.token_log_probs
        if self.screen:
            self.screen.recall(evaluated.screened)
        for scorer in (self.scorer, self._whole_scorer):
            if isinstance(scorer, TransformersScorer):
                scorer.prefix.handed_on = evaluated.prefix

    def token_log_probs(self, mask: Mask) -> list[float]:
        """log p of each token of the whole response under one mask, R values in nats, evaluated once."""
        self.know_tokens([mask])
        return self._tokens[mask]

    @no_grad
    def know_tokens(self, masks: Sequence[Mask]) -> None:
        """Evaluate `token_log_probs` of several masks at once."""
        new = [mask for mask in dict.fromkeys(masks) if mask not in self._tokens]
        for batch in self._whole_scorer.batched(new):
            with batch:
                self.count(len(batch.items))
                values = self._whole_scorer.token_log_probs(batch.items)
                check_finite(values)
                self._tokens.update(zip(batch.items, values.tolist(), strict=True))

    def next_token_log_probs(self, mask: Mask) -> torch.Tensor:
        """Next-token distributions at all positions of the response under one mask, (R, V), nats."""
        self.count(1)
        values = self._whole_scorer.next_token_log_probs(mask)
        check_finite(values)
        return values

    def response_column(self) -> torch.Tensor:
        """The response's token ids, (R, 1), to gather from next-token distributions."""
        return self._ids[0, :, None]

    def kept_embeds(self, mask: Mask) -> torch.Tensor:
        """The masked prompt as the model reads it when it answers, (1, L', d)."""
        masks = torch.tensor([mask], dtype=torch.float32, device=self.device)
        embeds = self._held.masked(masks)
        if self.operator is not MaskOperator.DELETE:
            return embeds
        kept = embeds[:, self.masked.keep(masks)[0] > 0.5]
        return kept if kept.shape[1] else embeds[:, -1:]

    @cached_property
    def _whole_scorer(self) -> ResponseScorer:
        if self.is_whole():
            return self.scorer
        return replace(self.question, part=(0, len(self.response_ids))).scorer_on(self._exact)


def check_part(part, length: int) -> Part:
    """The token indices [start, end) of a part of a response, the whole for None; else MaskwiseError."""
    if part is None:
        return 0, length
    numbers = isinstance(part, list | tuple) and len(part) == 2 and all(type(i) is int for i in part)
    if not numbers or not 0 <= part[0] < part[1] <= length:
        raise MaskwiseError(
            f"The part to explain must be two token numbers, the first below the second, within the answer's "
            f"{length} tokens, not {shown(part)}."
        )
    return part[0], part[1]


def check_context(loaded: LoadedModel, prompt_length: int, response_length: int) -> None:
    """Raise MaskwiseError where prompt and response together exceed the model's context."""
    apart = loaded.model.config.is_encoder_decoder  # each of the two has the whole context
    length = max(prompt_length, response_length) if apart else prompt_length + response_length
    if (context := loaded.context) and context < length:
        raise MaskwiseError(
            f"The prompt ({prompt_length} tokens) and the answer ({response_length}) exceed this model's "
            f"context of {context} tokens. Shorten the prompt or ask for fewer new tokens."
        )
