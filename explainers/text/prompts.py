"""Render a person's text for a causal language model: chat template, tokens, spans."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import Piece, Prompt
from explainers.core.unicode import is_visible
from explainers.text.chat_template import fill_template, marks_of, written_date
from explainers.text.spans import Granularity, check_size, split_spans
from explainers.text.template_choices import TemplateChoices
from explainers.text.words import dictionary_note


def render_prompt(
    tokenizer,
    text: str,
    granularity: str = "word",
    choices: TemplateChoices | None = None,
    ends: bool = False,
) -> Prompt:
    """Render `text` as one user turn (or as it stands where the tokenizer has no chat template).

    The tokens are those of the tokenizer's own rendering. Only where the text itself contains one of
    the tokenizer's special tokens, such as `<|im_end|>`, is it tokenised apart, these read as plain text.
    ends: keep what the tokenizer sets behind every text, as an encoder needs it. Raises MaskwiseError for an
    empty text, and for a template that changes it or refuses the system prompt.
    """
    choices = choices or TemplateChoices()
    if not text.strip():
        raise MaskwiseError("The prompt is empty. Type a prompt, or choose one of the examples.")
    if not is_visible(text):
        raise MaskwiseError("The prompt holds nothing that can be seen. Type a prompt, or choose an example.")
    if not getattr(tokenizer, "is_fast", False):
        raise MaskwiseError("This model's tokenizer gives no character offsets. Choose another model.")
    pieces = fill_template(tokenizer, text, choices)
    input_ids, offsets = _encode(tokenizer, text, pieces)
    if ends and not tokenizer.chat_template:
        tail = sequence_ends(tokenizer)[1]
        input_ids, offsets = input_ids + tail, offsets + [(0, 0)] * len(tail)
    spans = split_spans(text, offsets, Granularity(granularity))
    check_size(len(input_ids), spans)
    return Prompt(
        text,
        tuple(input_ids),
        spans,
        _with_marks(tokenizer, pieces),
        dictionary_note(text) if granularity == Granularity.WORD else (),
        written_date(tokenizer, choices),
    )


def with_opening(tokenizer, prompt: Prompt, opening: str) -> Prompt:
    """The prompt with what opens an answer at its end, as `answer_opening` gives it."""
    ids = tokenizer(opening, add_special_tokens=False).input_ids
    pieces = (*prompt.pieces, *_with_marks(tokenizer, (("template", opening),)))
    return replace(prompt, input_ids=(*prompt.input_ids, *ids), pieces=pieces)


def _encode(tokenizer, text: str, pieces: tuple[Piece, ...]) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids of the whole, and for each the characters of `text` it stands for."""
    place = next(i for i, (kind, _) in enumerate(pieces) if kind == "text")
    body = pieces[place][1]
    before, after = ("".join(words for _, words in part) for part in (pieces[:place], pieces[place + 1 :]))
    lead = text.index(body)
    head = [] if tokenizer.chat_template else sequence_ends(tokenizer)[0]  # a template writes its own marks
    if any(token in body for token in _special_tokens(tokenizer)):
        ids, offsets = _encode_apart(tokenizer, before, body, after)
    else:
        encoded = tokenizer(before + body + after, add_special_tokens=False, return_offsets_mapping=True)
        start, end = len(before), len(before) + len(body)
        ids = encoded.input_ids
        offsets = [(max(s, start) - start, min(e, end) - start) for s, e in encoded.offset_mapping]
    moved = [(start + lead, end + lead) if start < end else (0, 0) for start, end in offsets]
    return head + ids, [(0, 0)] * len(head) + moved


def _special_tokens(tokenizer) -> set[str]:
    """The texts that never are a person's words. Other added tokens, such as runs of spaces, are."""
    added = tokenizer.added_tokens_decoder.values()
    return {*tokenizer.all_special_tokens, *(token.content for token in added if token.special)}


def _encode_apart(tokenizer, before: str, body: str, after: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids with special tokens in `body` read as plain text, and their characters of `body`."""
    head, tail = (
        tokenizer(words, add_special_tokens=False).input_ids if words else [] for words in (before, after)
    )
    middle = encode_plain(tokenizer, body, offsets=True)
    offsets = [(0, 0)] * len(head) + list(middle.offset_mapping) + [(0, 0)] * len(tail)
    return head + middle.input_ids + tail, offsets


def _with_marks(tokenizer, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces with the tokenizer's marks in the template set apart."""
    marks = sorted(filter(None, marks_of(tokenizer)), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, marks)) or r"(?!)")
    found: list[Piece] = []
    for kind, words in pieces:
        if kind != "template":
            found.append((kind, words))
            continue
        done = 0
        for mark in pattern.finditer(words):
            found += [("template", words[done : mark.start()]), ("mark", mark[0])]
            done = mark.end()
        found.append(("template", words[done:]))
    return tuple(piece for piece in found if piece[1])


def sequence_ends(tokenizer) -> tuple[list[int], list[int]]:
    """What the tokenizer sets before and after every text, such as [CLS] and [SEP]."""
    ids, plain = tokenizer("a").input_ids, encode_plain(tokenizer, "a").input_ids
    start = next(i for i in range(len(ids)) if ids[i : i + len(plain)] == plain)
    return ids[:start], ids[start + len(plain) :]


def encode_plain(tokenizer, text: str, offsets: bool = False):
    """Tokenise `text` as text alone: no marks added, and marks written in it read as plain characters.

    Raises MaskwiseError where they cannot be: a Unigram vocabulary, such as XLM-R's or T5's, holds them as
    pieces like any other.
    """
    encoded = tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=offsets
    )
    ends = (tokenizer.bos_token, tokenizer.eos_token, tokenizer.cls_token, tokenizer.sep_token)
    for mark in (*ends, tokenizer.pad_token, tokenizer.mask_token):
        if mark and mark in text and tokenizer.convert_tokens_to_ids(mark) in encoded.input_ids:
            raise MaskwiseError(
                f"Leave out {mark}: this model's tokenizer reads it as a mark of its own, wherever it stands."
            )
    return encoded


def encode_response(tokenizer, response: str, continues: bool = True) -> tuple[int, ...]:
    """Tokens of an answer given by the person. Raises MaskwiseError where it is empty.

    Without a chat template the answer carries the prompt on, so a space is set between the two; continues
    is False where a decoder begins anew.
    """
    if not response.strip():
        raise MaskwiseError("The answer to explain is empty. Leave the field blank to let the model answer.")
    if continues and not tokenizer.chat_template and response[0].isascii() and not response[0].isspace():
        response = " " + response
    return tuple(encode_plain(tokenizer, response).input_ids)


def check_embedded(loaded, ids: Sequence[int]) -> None:
    """Raise MaskwiseError where the tokenizer gives tokens for which the model has no word embedding."""
    if loaded.embeds(ids):
        return
    strange = [token for token in dict.fromkeys(ids) if not loaded.embeds([token])]
    words = ", ".join(map(shown, loaded.tokenizer.convert_ids_to_tokens(strange[:3])))
    raise MaskwiseError(
        f"{loaded.title} has no word embedding for {words}: its tokenizer knows more tokens. "
        "Leave them out, or give it as many embeddings (resize_token_embeddings) and save it again."
    )


def decode_answer(tokenizer, ids: Sequence[int]) -> str:
    """The text of an answer's tokens, without the tokenizer's own marks."""
    return str(tokenizer.decode(list(ids), skip_special_tokens=True))


def decode_pieces(tokenizer, ids, skip_special_tokens: bool = True) -> list[str]:
    """Text of each token such that the pieces join to the whole; a character made of several tokens
    is written with the last of them."""
    pieces, done = [], ""
    for end in range(1, len(ids) + 1):
        whole = tokenizer.decode(
            ids[:end], skip_special_tokens=skip_special_tokens, clean_up_tokenization_spaces=False
        )
        piece = "" if whole.endswith("\ufffd") and end < len(ids) else whole[len(done) :]
        pieces.append(piece)
        done += piece
    return pieces
