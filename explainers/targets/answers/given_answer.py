"""An answer that is given as a text: its tokens, and what the model reads before it."""

from __future__ import annotations

from dataclasses import replace

from explainers.core.deferred_torch import torch
from explainers.core.types import OnForward, Prompt
from explainers.models.loaded import LoadedModel
from explainers.targets.answers.decoding import greedy_tokens
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.response import check_context
from explainers.text.chat_template import answer_opening
from explainers.text.prompts import check_embedded, decode_answer, encode_response, with_opening
from explainers.text.template_choices import TemplateChoices
from explainers.text.thinking import OPENING
from explainers.text.unread import unknown_answer_note

OPENED = "The answer that was given stands behind {!r}, where this model's chat template puts answers."


def given_answer(
    loaded: LoadedModel, prompt: Prompt, text: str, opening: str, most: int, on_forward: OnForward
) -> tuple[Prompt, tuple[int, ...]]:
    """The prompt as the text answers it, and the text's token ids: those the model writes, where the text is
    its own answer, else the tokenizer's.

    A model may spell a word in other tokens than its tokenizer would, and then log p differs. Writing ends at
    the first token that departs from the text, or after `most` tokens. opening: what the template writes
    before an answer; it stands at the prompt's end, unless the model itself writes the text without it.
    """
    opened = prompt if opening.isspace() else with_opening(loaded.tokenizer, prompt, opening)
    encoded = encode_given(loaded, opened, text, opening)
    check_embedded(loaded, encoded)
    check_context(loaded, len(opened.input_ids), max(len(encoded), most))
    if own := _own_tokens(loaded, prompt, text, most, on_forward):
        return prompt, own
    notes = [OPENED.format(opening)] if opening and not opening.isspace() else []
    if notes and (own := _own_tokens(loaded, opened, text, most, on_forward)):
        return replace(opened, notes=(*opened.notes, *notes)), own
    notes += unknown_answer_note(loaded.tokenizer, encoded)
    return replace(opened, notes=(*opened.notes, *notes)), encoded


def encode_given(loaded: LoadedModel, prompt: Prompt, text: str, opening: str) -> tuple[int, ...]:
    """The tokenizer's tokens of an answer behind the prompt, with the white space that opens it."""
    space = opening if opening.isspace() else ""
    continues = not loaded.model.config.is_encoder_decoder
    return encode_response(loaded.tokenizer, text.strip() and space + text, continues, prompt)


def opening_before(text: str, tokenizer, choices: TemplateChoices) -> str:
    """What the template writes before this answer; "" where the answer itself begins with that, or with a
    thought."""
    opening = answer_opening(tokenizer, choices)
    if opening.isspace():
        return "" if text[:1].isspace() else opening
    text = text.lstrip()
    return "" if OPENING.match(text) or text.startswith(opening.strip()) else opening


def _own_tokens(
    loaded: LoadedModel, prompt: Prompt, text: str, most: int, on_forward: OnForward
) -> tuple[int, ...]:
    """What the model writes in up to `most` tokens where that is the text, else nothing."""
    embeds = TokenInputs(loaded.model).of(torch.tensor([prompt.input_ids], device=loaded.device))
    ids: list[int] = []
    for token in greedy_tokens(loaded, embeds, most, on_forward):
        ids.append(token)
        written = decode_answer(loaded.tokenizer, ids)
        if written == text:
            return tuple(ids)
        if not text.startswith(written.rstrip("\ufffd")):
            break
    return ()
