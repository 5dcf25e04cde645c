"""Greedy decoding from token embeddings, streamed for one prompt or at once for several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from explainers.core.deferred_torch import no_grad, torch
from explainers.core.types import Mask, OnForward
from explainers.models.loaded import LoadedModel
from explainers.targets.answers.settings import banned_tokens, end_tokens, most_probable
from explainers.targets.causal.drafting import Draft, DraftedDecoding, draft_of
from explainers.targets.causal.lengths import steady_length
from explainers.targets.causal.model import CausalModel, kept
from explainers.targets.causal.reading import FAILURES, is_tried
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.encoder_decoder.decoding import decoder_steps
from explainers.targets.remembered import check_finite
from explainers.text.prompts import decode_answer

if TYPE_CHECKING:
    from explainers.targets.response import ResponseTarget

MOST_AT_ONCE = 16  # answers


def greedy_tokens(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward = lambda rows: None
) -> Iterator[int]:
    """The most probable continuation of one prompt's embeddings (1, L, d), without the end token.

    Plain argmax: no repetition penalty or other processor that a model's generation settings may ask
    for, since log p(y | x) is measured under the model itself. Only tokens that they rule out are left out.
    """
    ends = end_tokens(loaded)
    for token in _tokens(loaded, embeds, max_new_tokens, on_forward):
        if token in ends:
            return
        yield token


def greedy_batch(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward = lambda rows: None
) -> list[tuple[int, ...]]:
    """The same for several prompts of one length, (B, L, d) → B answers."""
    ends = end_tokens(loaded)
    answers: list[list[int]] = [[] for _ in embeds]
    ended = [False] * len(embeds)
    for tokens in _steps(loaded, embeds, max_new_tokens, on_forward):
        ended = [done or token in ends for done, token in zip(ended, tokens, strict=True)]
        for answer, done, token in zip(answers, ended, tokens, strict=True):
            answer.extend([] if done else [token])
        if all(ended):
            break
    return [tuple(answer) for answer in answers]


def masked_answers(target: ResponseTarget, masks: Sequence[Mask], max_new_tokens: int) -> list[str]:
    """The answers to masked prompts; those of one length are written at once, MOST_AT_ONCE at most."""
    embeds = [target.kept_embeds(mask) for mask in masks]  # (1, L', d) each
    texts = [""] * len(masks)
    for length in sorted({row.shape[1] for row in embeds}):
        places = [n for n, row in enumerate(embeds) if row.shape[1] == length]
        for start in range(0, len(places), MOST_AT_ONCE):
            batch = places[start : start + MOST_AT_ONCE]
            rows = torch.cat([embeds[n] for n in batch])
            answers = greedy_batch(target.loaded, rows, max_new_tokens, target.count)
            for n, ids in zip(batch, answers, strict=True):
                texts[n] = decode_answer(target.tokenizer, ids)
    return texts


def _tokens(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[int]:
    """The next tokens of one prompt, with a draft ahead where that is faster."""
    if max_new_tokens and (first := _token_before_trial(loaded, embeds, on_forward)) is not None:
        yield first
        written = TokenInputs(loaded.model).of(torch.tensor([[first]], device=embeds.device))
        embeds, max_new_tokens = torch.cat([embeds, written], 1), max_new_tokens - 1
    small = draft_of(loaded)
    turns = embeds.shape[1] <= steady_length(loaded.model) < embeds.shape[1] + max_new_tokens
    if small is None or turns or banned_tokens(loaded.model):
        yield from plain_tokens(loaded, embeds, max_new_tokens, on_forward)
        return
    causal = CausalModel(loaded.model)
    draft = Draft(small, causal.token_inputs, end_tokens(loaded), on_forward)
    yield from DraftedDecoding(causal, draft, on_forward).tokens(embeds, max_new_tokens)


@no_grad
def _token_before_trial(loaded: LoadedModel, embeds: torch.Tensor, on_forward: OnForward) -> int | None:
    """The next token, from a model that was not tried out yet: nobody waits for that before anything is seen.

    None where it was, and where it cannot be run so, which the trial says in words.
    """
    if loaded.model.config.is_encoder_decoder or is_tried(loaded.model):
        return None
    on_forward(1)
    arguments = TokenInputs(loaded.model).arguments(embeds) | kept(loaded.model, 1)
    try:
        logits = loaded.model(**arguments, use_cache=False).logits[0, -1]
    except FAILURES:
        return None
    return int(most_probable(logits, banned_tokens(loaded.model))) if logits.isfinite().all() else None


def plain_tokens(
    loaded: LoadedModel, embeds: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[int]:
    """The next tokens of one prompt, a pass each; end tokens do not end them."""
    for (token,) in _steps(loaded, embeds, max_new_tokens, on_forward):
        yield token


def _steps(
    loaded: LoadedModel, inputs: torch.Tensor, max_new_tokens: int, on_forward: OnForward
) -> Iterator[list[int]]:
    """The next token of every row, a step at a time."""
    if loaded.model.config.is_encoder_decoder:
        yield from decoder_steps(loaded, inputs, max_new_tokens, on_forward)
        return
    causal, whole, read = CausalModel(loaded.model), inputs, inputs
    arguments: dict[str, Any] = {}
    caches, steady = causal.reading.caches, steady_length(loaded.model)
    banned = banned_tokens(loaded.model)
    for _ in range(max_new_tokens):
        on_forward(len(inputs))
        with torch.no_grad():
            output = causal.output(read, 1, use_cache=caches, **arguments)
            check_finite(output.logits)
            tokens = most_probable(output.logits[:, -1], banned)
            written = causal.token_inputs.of(tokens[:, None])
            whole = torch.cat([whole, written], 1)
            if caches and whole.shape[1] != steady + 1:
                read, arguments = written, {"past_key_values": output.past_key_values}
            else:  # there is no cache, or it is one of positions as they no longer are
                read, arguments = whole, {}
        yield tokens.tolist()
