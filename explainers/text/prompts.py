"""Render a person's text for a causal language model: chat template, tokens, spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import Piece, Prompt
from explainers.core.unicode import is_visible
from explainers.text.chat_template import fill_template, marks_of, written_date
from explainers.text.spans import Granularity, check_size, split_spans
from explainers.text.template_choices import TemplateChoices
from explainers.text.unread import left_out_note, unknown_note
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
    words = [token for token, (start, end) in zip(input_ids, offsets, strict=True) if start < end]
    notes = unknown_note(tokenizer, words) + left_out_note(text, offsets)
    return Prompt(
        text,
        tuple(input_ids),
        spans,
        _with_marks(tokenizer, pieces),
        notes + (dictionary_note(text) if granularity == Granularity.WORD else ()),
        written_date(tokenizer, choices),
    )


def with_opening(tokenizer, prompt: Prompt, opening: str) -> Prompt:
    """The prompt with what opens an answer at its end, as `answer_opening` gives it."""
    ids = encode(tokenizer, opening).input_ids
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
        encoded = encode(tokenizer, before + body + after, return_offsets_mapping=True)
        start, end = len(before), len(before) + len(body)
        ids = encoded.input_ids
        offsets = [(max(s, start) - start, min(e, end) - start) for s, e in encoded.offset_mapping]
    moved = [(start + lead, end + lead) if start < end else (0, 0) for start, end in offsets]
    return head + ids, [(0, 0)] * len(head) + moved


def _special_tokens(tokenizer) -> set[str]:
    """The texts that never are a person's words. Other added tokens, such as runs of spaces, are."""
    added = tokenizer.added_tokens_decoder.values()
    named = {*tokenizer.all_special_tokens, *(token.content for token in added if token.special)}
    return named - {""}  # some tokenizers are saved with a padding token that has no text


def _encode_apart(tokenizer, before: str, body: str, after: str) -> tuple[list[int], list[tuple[int, int]]]:
    """Token ids with special tokens in `body` read as plain text, and their characters of `body`."""
    head, tail = (encode(tokenizer, words).input_ids if words else [] for words in (before, after))
    middle = encode_plain(tokenizer, body, offsets=True)
    offsets = [(0, 0)] * len(head) + list(middle.offset_mapping) + [(0, 0)] * len(tail)
    return head + middle.input_ids + tail, offsets


def _with_marks(tokenizer, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces with the tokenizer's marks in the template set apart."""
    marks = sorted(marks_of(tokenizer), key=len, reverse=True)
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
    ids: list[int] = []
    plain: list[int] = []
    for text in _samples(tokenizer):
        with suppress(MaskwiseError):
            ids = encode(tokenizer, text, add_special_tokens=True).input_ids
            plain = encode(tokenizer, text).input_ids
        if plain:
            break
    start = next(i for i in range(len(ids) + 1) if ids[i : i + len(plain)] == plain)
    return ids[:start], ids[start + len(plain) :]


def _samples(tokenizer) -> Iterator[str]:
    """Short texts, the first of which nearly all tokenizers read."""
    yield "a"
    yield from sorted(set(tokenizer.get_vocab()) - _special_tokens(tokenizer))


def encode(tokenizer, text: str, add_special_tokens: bool = False, **how):
    """What the tokenizer makes of a text. Raises MaskwiseError where it cannot read it."""
    try:
        return tokenizer(text, add_special_tokens=add_special_tokens, **how)
    except Exception as error:  # the library raises no type of its own
        raise MaskwiseError(
            f"This model's tokenizer cannot read the text ({error}). Leave out what it does not know, or "
            "choose another model."
        ) from error


def encode_plain(tokenizer, text: str, offsets: bool = False):
    """Tokenise `text` as text alone: no marks added, and marks written in it read as plain characters.

    Raises MaskwiseError where they cannot be: a Unigram vocabulary, such as XLM-R's or T5's, holds them as
    pieces like any other.
    """
    encoded = encode(tokenizer, text, split_special_tokens=True, return_offsets_mapping=offsets)
    ends = (tokenizer.bos_token, tokenizer.eos_token, tokenizer.cls_token, tokenizer.sep_token)
    for mark in (*ends, tokenizer.pad_token, tokenizer.mask_token):
        if mark and mark in text and tokenizer.convert_tokens_to_ids(mark) in encoded.input_ids:
            raise MaskwiseError(
                f"Leave out {mark}: this model's tokenizer reads it as a mark of its own, wherever it stands."
            )
    return encoded


def encode_response(
    tokenizer, response: str, continues: bool = True, prompt: Prompt | None = None
) -> tuple[int, ...]:
    """Tokens of an answer given by the person, as they follow the prompt, where there is one. Raises
    MaskwiseError where it is empty.

    Without a chat template the answer carries the prompt on, so a space is set between the two; continues
    is False where a decoder begins anew.
    """
    if not response.strip():
        raise MaskwiseError("The answer to explain is empty. Leave the field blank to let the model answer.")
    before = _end_of(prompt) if prompt and continues else ""
    spaced = response[0].isspace() or before[-1:].isspace()
    if continues and not tokenizer.chat_template and response[0].isascii() and not spaced:
        response = " " + response
    return tuple(encode_behind(tokenizer, before, response))


def encode_behind(tokenizer, before: str, text: str) -> list[int]:
    """Tokens of a text as they follow another; those of the text alone where the two share a token.

    Llama's first tokenizers and others set a space before whatever they are given, so that a text alone
    would stand behind one space more.
    """
    whole, head = (encode_plain(tokenizer, words).input_ids for words in (before + text, before))
    follows = len(whole) > len(head) and whole[: len(head)] == head
    return whole[len(head) :] if before and follows else encode_plain(tokenizer, text).input_ids


def encode_in_place(tokenizer, before: Sequence[int], token: int, text: str) -> list[int]:
    """Tokens of a text in the place of a token behind others: with a space before it where that has one."""
    last = [*before[-1:]]
    head, whole = (
        tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        for ids in (last, [*last, token])
    )
    spaced = whole[len(head) :][:1].isspace()
    text = " " + text if spaced and not text[0].isspace() else text
    return encode_behind(tokenizer, "a" if spaced else "\n", text)


def _end_of(prompt: Prompt) -> str:
    """What the prompt holds behind its last mark."""
    kinds = [kind for kind, _ in prompt.pieces]
    behind = len(kinds) - kinds[::-1].index("mark") if "mark" in kinds else 0
    return "".join(words for _, words in prompt.pieces[behind:])


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
