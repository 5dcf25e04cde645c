"""Cloze templates: words around a text and a <mask>, rendered for a masked language model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt
from explainers.text.prompts import check_embedded, encode_plain, sequence_ends
from explainers.text.spans import Granularity, check_size, split_spans
from explainers.text.unread import left_out_note, unknown_note
from explainers.text.words import dictionary_note

MASK, TEXT = "<mask>", "{text}"
EXAMPLE = f"A {MASK} news : {TEXT}"
MAX_TEMPLATE_CHARS = 500
MAX_TOKENS = 512  # also of models that could read more: long texts take minutes to explain


@dataclass(frozen=True)
class Cloze:
    """A rendered template. pieces: its parts in order, (kind, text), kind being template, mask or text.

    mask_position: of <mask> in prompt.input_ids, the first of them where a label word takes several. masks:
    how many stand there, one after another. notes: what was done to the text, in sentences.
    """

    prompt: Prompt
    mask_position: int
    pieces: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()
    masks: int = 1

    @property
    def rendered(self) -> str:
        return "".join(text for _, text in self.pieces)


@dataclass(frozen=True)
class _Part:
    """kind: template, mask or text. offsets: for each token its characters in the part's text."""

    kind: str
    text: str
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


def split_template(template: str) -> list[str]:
    """The template's words, <mask> and {text}, in order; MaskwiseError unless each stands there once."""
    if len(template) > MAX_TEMPLATE_CHARS:
        raise MaskwiseError(f"A template is limited to {MAX_TEMPLATE_CHARS} characters. Shorten it.")
    for mark, purpose in ((MASK, "the label word"), (TEXT, "your text")):
        count = template.count(mark)
        if not count:
            raise MaskwiseError(f"The template lacks {mark}, the place of {purpose}. An example: {EXAMPLE}")
        if count > 1:
            raise MaskwiseError(f"The template has {mark} {count} times. Keep one, as in: {EXAMPLE}")
    return [part for part in re.split(f"({re.escape(MASK)}|{re.escape(TEXT)})", template) if part]


def render_cloze(
    loaded, template: str, text: str, granularity: str = "token", masks: int = 1, room_for: int = 1
) -> Cloze:
    """Fill `template` with `text` and turn it into tokens; a text that is too long loses its end.

    masks: how many stand in the place of <mask>, as many as the label word has tokens. room_for: masks that
    would fit as well, so that the template with more of them holds the same text.

    Every part is tokenised by itself, marks such as [MASK] or </s> within it read as plain characters, so
    that no token reaches from the template into the text. Raises MaskwiseError for an empty text, and for
    a faulty or overlong template.
    """
    tokenizer, body = loaded.tokenizer, text.strip()
    if not body:
        raise MaskwiseError("The text is empty. Type a sentence, or choose one of the examples.")
    parts = _encode_parts(tokenizer, split_template(template.strip()), body, masks)
    before, after = sequence_ends(tokenizer)
    longest = max_positions(loaded)
    fixed = len(before) + len(after) + sum(len(part.ids) for part in parts if part.kind != "text")
    fixed += max(0, room_for - masks)
    if fixed >= longest:
        raise MaskwiseError(f"The template takes {fixed} of this model's {longest} tokens. Shorten it.")
    parts, notes = _cut(parts, longest - fixed)
    ids = [*before, *(token for part in parts for token in part.ids), *after]
    check_embedded(loaded, ids)
    offsets = _offsets_in(text, parts, len(before), len(after))
    spans = split_spans(text, offsets, Granularity(granularity))
    check_size(len(ids), spans)
    if not spans:
        raise MaskwiseError("The text holds nothing that this model can read. Type some words.")
    pieces = tuple((part.kind, part.text) for part in parts)
    (read,) = (part for part in parts if part.kind == "text")
    notes += unknown_note(tokenizer, read.ids) + left_out_note(read.text, read.offsets)
    notes += dictionary_note(body) if granularity == Granularity.WORD else ()
    return Cloze(Prompt(text, tuple(ids), spans), _mask_position(parts, len(before)), pieces, notes, masks)


def max_positions(loaded) -> int:
    """Tokens the model can read, at most MAX_TOKENS."""
    return min(loaded.context or MAX_TOKENS, loaded.tokenizer.model_max_length, MAX_TOKENS)


def _encode_parts(tokenizer, strings: list[str], body: str, masks: int) -> list[_Part]:
    """Tokens of each part of the template. White space at a part's end goes to the next part, since
    byte-level vocabularies read a word with the space before it; before <mask> it is dropped."""
    parts, space = [], ""
    for string in strings:
        if string == MASK:
            ids = (tokenizer.mask_token_id,) * masks
            parts.append(_Part("mask", tokenizer.mask_token * masks, ids, ((0, 0),) * masks))
            space = ""
            continue
        kind, words = ("text", body) if string == TEXT else ("template", string)
        encoded = encode_plain(tokenizer, (space + words).rstrip(), offsets=True)
        offsets = ((max(0, s - len(space)), max(0, e - len(space))) for s, e in encoded.offset_mapping)
        parts.append(_Part(kind, words, tuple(encoded.input_ids), tuple(offsets)))
        space = words[len(words.rstrip()) :]
    return parts


def _cut(parts: list[_Part], room: int) -> tuple[list[_Part], tuple[str, ...]]:
    """The parts with the text cut to `room` tokens, and a notice where it was."""
    (text,) = (part for part in parts if part.kind == "text")
    if len(text.ids) <= room:
        return parts, ()
    offsets = text.offsets[:room]
    cut = _Part("text", text.text[: max(end for _, end in offsets)], text.ids[:room], offsets)
    notice = f"The text is cut to its first {room} of {len(text.ids)} tokens: no more fit the model."
    return [cut if part is text else part for part in parts], (notice,)


def _offsets_in(text: str, parts: list[_Part], before: int, after: int) -> list[tuple[int, int]]:
    """For every position the characters of the person's text it stands for, an empty range for none."""
    lead = len(text) - len(text.lstrip())
    offsets = [(0, 0)] * before
    for part in parts:
        for start, end in part.offsets:
            offsets.append((start + lead, end + lead) if part.kind == "text" and start < end else (0, 0))
    return offsets + [(0, 0)] * after


def _mask_position(parts: list[_Part], before: int) -> int:
    kinds = [part.kind for part in parts for _ in part.ids]
    return before + kinds.index("mask")
