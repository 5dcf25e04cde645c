"""Render a person's text for a causal language model: chat template, tokens, spans."""

from __future__ import annotations

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt
from explainers.text.spans import Granularity, split_spans

PLACEHOLDER = "maskwiseplaceholder"


def render_prompt(tokenizer, text: str, granularity: str = "word", system_prompt: str = "") -> Prompt:
    """Render `text` as one user turn (or as it stands where the tokenizer has no chat template).

    The tokens are those of the tokenizer's own rendering. Only where the text itself contains one of
    the tokenizer's marks, such as `<|im_end|>`, is it tokenised apart, with marks read as plain text.
    Raises MaskwiseError for an empty text and for a template that refuses the system prompt.
    """
    if not text.strip():
        raise MaskwiseError("The prompt is empty. Type a prompt, or choose one of the examples.")
    if not getattr(tokenizer, "is_fast", False):
        raise MaskwiseError("This model's tokenizer gives no character offsets. Choose another model.")
    before, after, trims = _template(tokenizer, system_prompt)
    lead = len(text) - len(text.lstrip()) if trims else 0
    body = text.strip() if trims else text
    input_ids, offsets = _encode(tokenizer, before, body, after)
    shifted = [(start + lead, end + lead) if start < end else (0, 0) for start, end in offsets]
    return Prompt(text, tuple(input_ids), split_spans(text, shifted, Granularity(granularity)))


def _template(tokenizer, system_prompt: str) -> tuple[str, str, bool]:
    """What the chat template writes before and after the text, and whether it trims the text."""
    if not tokenizer.chat_template:
        if system_prompt.strip():
            raise MaskwiseError("This model has no chat template and so no system prompt. Leave it empty.")
        return "", "", False
    messages = [{"role": "system", "content": system_prompt}] if system_prompt.strip() else []
    messages.append({"role": "user", "content": f" {PLACEHOLDER} "})
    try:
        rendered = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    except Exception as error:
        if not system_prompt.strip():
            raise MaskwiseError(f"This model's chat template cannot be used: {error}") from error
        raise MaskwiseError("This model's chat template takes no system prompt. Leave it empty.") from error
    trims = f" {PLACEHOLDER} " not in rendered
    before, _, after = rendered.partition(PLACEHOLDER if trims else f" {PLACEHOLDER} ")
    return before, after, trims


def _encode(tokenizer, before: str, body: str, after: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids of the whole, and for each the characters of `body` it stands for."""
    templated = bool(before or after)
    if not any(mark in body for mark in tokenizer.all_special_tokens + list(tokenizer.get_added_vocab())):
        encoded = tokenizer(
            before + body + after, add_special_tokens=not templated, return_offsets_mapping=True
        )
        start, end = len(before), len(before) + len(body)
        clipped = [(max(s, start) - start, min(e, end) - start) for s, e in encoded.offset_mapping]
        return encoded.input_ids, clipped
    head = tokenizer(before, add_special_tokens=not templated).input_ids
    middle = encode_plain(tokenizer, body, offsets=True)
    tail = tokenizer(after, add_special_tokens=False).input_ids if after else []
    offsets = [(0, 0)] * len(head) + list(middle.offset_mapping) + [(0, 0)] * len(tail)
    return head + middle.input_ids + tail, offsets


def encode_plain(tokenizer, text: str, offsets: bool = False):
    """Tokenise `text` as text alone: no marks added, and marks written in it read as plain characters."""
    return tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=offsets
    )


def encode_response(tokenizer, response: str) -> tuple[int, ...]:
    """Tokens of an answer given by the person. Raises MaskwiseError where it is empty.

    Without a chat template the answer carries the prompt on, so a space is set between the two.
    """
    if not response.strip():
        raise MaskwiseError("The answer to explain is empty. Leave the field blank to let the model answer.")
    if not tokenizer.chat_template and response[0].isascii() and not response[0].isspace():
        response = " " + response
    return tuple(encode_plain(tokenizer, response).input_ids)


def decode_pieces(tokenizer, ids) -> list[str]:
    """Text of each token such that the pieces join to the whole; a character made of several tokens
    is written with the last of them."""
    pieces, done = [], ""
    for end in range(1, len(ids) + 1):
        whole = tokenizer.decode(ids[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        piece = "" if whole.endswith("\ufffd") and end < len(ids) else whole[len(done) :]
        pieces.append(piece)
        done += piece
    return pieces
