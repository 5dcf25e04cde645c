"""Thinking that a model writes before its answer: where it begins and ends, and what of it is explained."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import accumulate

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt
from explainers.text.prompts import decode_pieces
from explainers.text.template_choices import Thinking

# Marks that do not tell by themselves how the thinking ends: opening → closing, as regular expressions.
NAMED_MARKS = {
    r"<\|channel\|>(?:analysis|commentary)\b": r"<\|channel\|>final\b.*?<\|message\|>",  # gpt-oss
    r"<\|channel>thought\b": r"<channel\|>",  # Gemma 4
    r"<\|think\|>": r"<\|content\|>",  # Solar Open
    r"<\|inner_prefix\|>": r"<\|inner_suffix\|>",  # Apertus
    r"<unused94>": r"<unused95>",  # MedGemma
    r"Here(?: is|'s) my thought process:": r"Here(?: is|'s) my response:",  # Granite 3
}
# All others are tags: <think>, [THINK], <seed:think>, <|begin_of_thought|>, <|START_THINKING|>, ◁think▷.
THOUGHTS = "think|thought|reason"
TAG = r"(?P<left><\|?|\[|◁){}(?P<name>[\w:.-]*(?:{})[\w:.-]*)(?P<right>\|?>|\]|▷)"
BEGINS, ENDS = r"(?:(?:begin|start)_(?:of_)?)?(?!(?:no|end)_?)", r"(?:/|end_(?:of_)?)"
OPENING_TAG, CLOSING_TAG = TAG.format(BEGINS, THOUGHTS), TAG.format(ENDS, THOUGHTS)
# Where a template itself ends with one of these, it is a thought that it opens. In an answer they may be XML.
TEMPLATES_TAG = TAG.format(BEGINS, f"{THOUGHTS}|scratch|analysis|reflect|rationale|monologue|deliberat")
OPENING = re.compile("|".join([*NAMED_MARKS, OPENING_TAG]), re.IGNORECASE)
OPENED_BY_TEMPLATE = re.compile("|".join([*NAMED_MARKS, TEMPLATES_TAG]), re.IGNORECASE)
# What some write between the thinking and the answer: <answer>, <|START_RESPONSE|>, <|begin_of_solution|>.
ANSWER_TAG = re.compile(
    r"\s*(?:(?:<\|?|\[)[\w:.-]*(?:answer|response|solution|output|text)[\w:.-]*(?:\|?>|\])\s*)?",
    re.IGNORECASE,
)

SKIPPED = "What is explained is the answer after the model's thinking, given that thinking."
OFFER = 'Set thinking to "skip" to explain the answer after it.'
OPENED = (
    "This model's chat template opens its thinking, so what is explained is the thinking, then the answer."
)
LONGER = "A longer answer may reach what comes after it."
UNCLOSED = f"All that is explained is the model's thinking, which the answer does not end. {LONGER}"
UNCLOSED_BY_TEMPLATE = (
    "This model's chat template opens its thinking, and the answer does not end it: the model reads all that "
    f"is explained as thinking, even if it is written like an answer. {LONGER}"
)


def heed_thinking(
    tokenizer, prompt: Prompt, ids, choice: Thinking | str
) -> tuple[Prompt, tuple[int, int] | None]:
    """The prompt with a note on the thinking, if there is any, and the part to explain; None for all.

    Raises MaskwiseError where thinking that is to be skipped does not end within the response.
    """
    opening = opened_thinking(prompt)
    pieces = decode_pieces(tokenizer, ids, skip_special_tokens=False)
    response = "".join(pieces)
    closing = closing_of(response, opening)
    if not closing:
        return prompt, None
    part = answer_part(pieces, closing) if choice == Thinking.SKIP else None
    note = SKIPPED if part else _note(response, closing, bool(opening), choice)
    return replace(prompt, notes=(*prompt.notes, note)), part


def opened_thinking(prompt: Prompt) -> str:
    """The mark with which the prompt opens a thought behind the person's text; empty where it opens none."""
    kinds = [kind for kind, _ in prompt.pieces]
    behind = kinds.index("text") + 1 if "text" in kinds else 0
    rendered = "".join(words for _, words in prompt.pieces[behind:])
    found = list(OPENED_BY_TEMPLATE.finditer(rendered))
    if not found or _closing(found[-1][0]).search(rendered, found[-1].end()):
        return ""
    return found[-1][0]


def closing_of(response: str, opening: str = "") -> re.Pattern[str] | None:
    """What ends the response's thinking; None where it holds none. opening: the prompt's last mark, if any.

    Some models write no opening mark, so that a closing one tells of thinking, too.
    """
    begun = opening or (OPENING.match(response.lstrip()) or [""])[0]
    if begun:
        return _closing(begun)
    closed = re.search(CLOSING_TAG, response, re.IGNORECASE)
    return re.compile(re.escape(closed[0])) if closed else None


def _closing(opening: str) -> re.Pattern[str]:
    for named, closing in NAMED_MARKS.items():
        if re.fullmatch(named, opening, re.IGNORECASE):
            return re.compile(closing, re.DOTALL)
    return re.compile(re.sub(TEMPLATES_TAG, _closing_tag, opening, flags=re.IGNORECASE), re.IGNORECASE)


def _closing_tag(opening: re.Match[str]) -> str:
    left, name, right = (re.escape(opening[part]) for part in ("left", "name", "right"))
    return f"{left}(?:/|end_(?:of_)?){name}{right}"


def answer_part(pieces: list[str], closing: re.Pattern[str]) -> tuple[int, int]:
    """Token indices [start, end) of the answer after the thinking. pieces: the text of each token.

    Raises MaskwiseError where the thinking has no end, or nothing stands behind it.
    """
    text = "".join(pieces)
    closed = closing.search(text)
    if not closed:
        raise MaskwiseError(
            f"The thinking has not come to its end within {len(pieces)} tokens, so there is no answer after "
            'it. Allow a longer answer, or set thinking to "explain". An answer that does not think must '
            "begin with the mark that ends the thinking."
        )
    answer = ANSWER_TAG.sub("", text[closed.end() :], count=1)
    if not answer:
        raise MaskwiseError(
            'The answer stops where the thinking ends. Allow a longer answer, or set thinking to "explain".'
        )
    end = len(text) - len(answer)
    start = sum(reached <= end for reached in accumulate(map(len, pieces)))
    while start and not pieces[start - 1]:  # a character made of several tokens is written with the last
        start -= 1
    return start, len(pieces)


def _note(response: str, closing: re.Pattern[str], opened: bool, choice: Thinking | str) -> str:
    """What is explained of a response whose thinking is not skipped. opened: by the template."""
    closed = closing.search(response)
    if not closed:
        return UNCLOSED_BY_TEMPLATE if opened else UNCLOSED
    if not ANSWER_TAG.sub("", response[closed.end() :], count=1):
        return f"All that is explained is the model's thinking: the answer stops where it ends. {LONGER}"
    if opened and not response[: closed.start()].strip():
        return f"This model's chat template opens its thinking, which the answer ends at once. {OFFER}"
    if opened and choice == Thinking.OFF:
        return f"{OPENED} {OFFER}"
    return f"What is explained begins with the model's thinking. {OFFER}"
