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
    encoded = encode_response(loaded.tokenizer, text, not loaded.model.config.is_encoder_decoder)
    check_embedded(loaded, encoded)
    opened = with_opening(loaded.tokenizer, prompt, opening)
    check_context(loaded, len(opened.input_ids), max(len(encoded), most))
    if own := _own_tokens(loaded, prompt, text, most, on_forward):
        return prompt, own
    if not opening:
        return prompt, encoded
    opened = replace(opened, notes=(*opened.notes, OPENED.format(opening)))
    return opened, _own_tokens(loaded, opened, text, most, on_forward) or encoded


def opening_before(text: str, tokenizer, choices: TemplateChoices) -> str:
    """What the template writes before this answer; "" where the answer itself begins with that, or with a
    thought."""
    opening, text = answer_opening(tokenizer, choices), text.lstrip()
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
