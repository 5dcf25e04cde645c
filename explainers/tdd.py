"""Token distribution dynamics: how the expectation of a word, over another, builds up along the prompt."""

from __future__ import annotations

from dataclasses import dataclass

from explainers.core import base
from explainers.core.base import Explainer, option, register
from explainers.core.deferred_torch import no_grad, torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.fast_fp32 import fast_fp32
from explainers.targets.causal.logits import chosen, token_log_probs
from explainers.targets.encoder_decoder.scorer import check_decoder_only
from explainers.targets.remembered import check_finite
from explainers.targets.response import ResponseTarget
from explainers.targets.scorer import TransformersScorer
from explainers.text.prompts import encode_in_place

MAX_WORD_CHARS = 100


@register
class TokenDistributionDynamics(Explainer[ResponseTarget]):
    """r_i = p(target) − p(foil) as the LM head reads it at position i; without a foil, p(target).

    forward: s_i = r_i − r_{i−1}, from one pass over the prompt. backward: r of the prompt's last position
    where the text begins at span t, minus r where it begins at t + 1. bidirectional: the mean of both.
    Before the first token, r is 0. Published for bare text; here a chat template stays around every suffix,
    whatever is removed is deleted, and p is of the whole vocabulary (the authors' code: of the two words).
    """

    title = "TDD: token distribution dynamics"
    reference = "Feng et al. 2024, Unveiling and Manipulating Prompt Influence, ICLR 2024"
    tasks = frozenset({Task.GENERATION})
    score_meaning = (
        "How much p(target word) − p(foil word), as the model's next word, rises with this span. "
        "Positive speaks for the target word, negative for the foil."
    )

    @dataclass(frozen=True)
    class Options(base.Options):
        direction: str = option(
            "bidirectional",
            "Direction",
            "forward: along the prompt, one pass. backward: over growing endings of it, a pass per span. "
            "bidirectional: the mean of both.",
            choices=("forward", "backward", "bidirectional"),
        )
        target: str = option("", "Target word", "Why this word? Empty: the first that is explained.")
        foil: str = option("", "Foil word", "And why not this one? Empty: the target word alone is followed.")

        def __post_init__(self):
            if max(len(self.target), len(self.foil)) > MAX_WORD_CHARS:
                raise MaskwiseError(
                    f"Target word and foil word are limited to {MAX_WORD_CHARS} characters each. "
                    "Shorten them."
                )

    def passes(self, spans):
        return {"forward": 1, "backward": spans + 1, "bidirectional": spans + 2}[self.options.direction]

    def attribute(self, target: ResponseTarget) -> torch.Tensor:
        check_decoder_only(target.model, self.title)
        words, scores = self._words(target), []
        if self.options.direction != "backward":
            along = contrasts(target, _followed(target, target.masked.inputs), words)  # (L',)
            scores.append(target.pool(along.diff(prepend=along.new_zeros(1))))
            end = along[-1]
        if self.options.direction != "forward":
            endings = suffix_contrasts(target, words)  # (T + 1,)
            scores.append(-endings.diff())
            end = endings[0]
        mean = torch.stack(scores).mean(0)
        self.notes.append(self._summary(target, words, end.item(), mean.sum().item()))
        return mean

    def _words(self, target: ResponseTarget) -> list[int]:
        """Token ids of the target and, where there is one, of the foil."""
        first = target.response_ids[target.part[0]]
        words = [self.first_token(target, self.options.target) if self.options.target.strip() else first]
        if self.options.foil.strip():
            words.append(self.first_token(target, self.options.foil))
        if len(set(words)) < len(words):
            raise MaskwiseError(
                f"Target and foil both begin with {_quoted(target, words[0])} for this model. "
                "Choose words that begin differently."
            )
        return words

    def first_token(self, target: ResponseTarget, word: str) -> int:
        """The id of the word's first token where it would stand, with a space before it if one is due."""
        start, word = target.part[0], word.strip()
        *before, there = (*target.prompt.input_ids, *target.response_ids[: start + 1])
        first, *rest = encode_in_place(target.tokenizer, before, there, word)
        if rest:
            read = f"only the first, {_quoted(target, first)}, is read."
            self.notes.append(f"“{word}” is {1 + len(rest)} tokens for this model: {read}")
        return first

    def _summary(self, target: ResponseTarget, words: list[int], end: float, total: float) -> str:
        what = " − ".join(f"p({_quoted(target, word)})" for word in words)
        return (
            f"At the end of the prompt {what} is {end:.3f}. The scores add up to {total:.3f}; what that "
            "lacks arises at tokens that belong to no span, such as the chat template's."
        )


def suffix_contrasts(target: ResponseTarget, words: list[int]) -> torch.Tensor:
    """r at the end of the prompt with the spans before t deleted, t = 0 … T: (T + 1,)."""
    inputs, kept = target.masked.inputs, torch.ones(len(target.prompt.input_ids), dtype=torch.bool)
    values = []
    for positions in ([], *(list(span.positions) for span in target.spans)):
        kept[positions] = False
        rest = _followed(target, inputs[kept.to(inputs.device)])
        values.append(contrasts(target, rest, words, keep=1)[0] if len(rest) else torch.tensor(0.0))
    return torch.stack(values)


@no_grad
def contrasts(target: ResponseTarget, inputs: torch.Tensor, words: list[int], keep: int = 0) -> torch.Tensor:
    """p of the first word as the next token, minus p of the second if there is one, at each position.

    (L, d + e) → (L,) fp32, or (keep,) for the last `keep` positions. One pass.
    """
    assert isinstance(target.scorer, TransformersScorer)  # others are refused
    causal, keep = target.scorer.causal, keep or len(inputs)
    target.evaluations += 1
    target.count(1)
    with fast_fp32(target.device):
        if causal.reading.readout:
            hidden = causal.hidden(inputs[None], use_cache=False)[:, -keep:].expand(len(words), -1, -1)
            ids = torch.tensor(words, device=hidden.device)[:, None].expand(-1, keep)
            log_probs = token_log_probs(causal.reading.readout, hidden, ids, causal.vocabulary)  # (W, L)
        else:
            logits = causal.logits(inputs[None], keep, use_cache=False)[0]
            rows = [chosen(logits, torch.full_like(logits[:, 0], word, dtype=torch.long)) for word in words]
            log_probs = torch.stack(rows)
    check_finite(log_probs)
    p = log_probs.exp().cpu()
    return p[0] - p[1:].sum(0)


def _followed(target: ResponseTarget, inputs: torch.Tensor) -> torch.Tensor:
    """Inputs of a prompt, followed by the response up to the part that is explained."""
    before = torch.tensor(target.response_ids[: target.part[0]], dtype=torch.long, device=target.device)
    return torch.cat([inputs, target.masked.token_inputs.of(before)])


def _quoted(target: ResponseTarget, token: int) -> str:
    return f"“{str(target.tokenizer.decode([token])).strip()}”"
