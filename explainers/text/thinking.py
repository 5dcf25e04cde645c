"""Thinking that a model writes before its answer: where it begins and ends, and what of it is explained."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt
from explainers.text.chat_template import Thinking
from explainers.text.prompts import decode_pieces

# Opening mark → closing mark, as published templates write them.
MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
}


def opens_thinking(text: str) -> bool:
    """Whether a rendered prompt ends with an opened thought."""
    return text.rstrip().endswith(tuple(MARKS))


def answer_after_thinking(tokenizer, ids, opened: bool) -> tuple[int, int] | None:
    """Token indices [start, end) of the answer after the thinking; None where the response holds no thinking.

    opened: whether the prompt ends within a thought. Raises MaskwiseError where the thinking has no end.
    """
    pieces = decode_pieces(tokenizer, ids, skip_special_tokens=False)
    text = "".join(pieces)
    ends = [text.find(mark) + len(mark) for mark in MARKS.values() if mark in text]
    if not ends:
        if opened or _begins_thinking(text):
            raise MaskwiseError(
                f"The thinking has not come to its end within {len(ids)} tokens, so there is no answer after "
                'it. Allow a longer answer, or set thinking to "explain".'
            )
        return None
    end = min(ends)
    end += len(text[end:]) - len(text[end:].lstrip())
    start = sum(reached <= end for reached in accumulate(map(len, pieces)))
    while start and not pieces[start - 1]:  # a character made of several tokens is written with the last
        start -= 1
    if end == len(text):
        raise MaskwiseError(
            'The answer stops where the thinking ends. Allow a longer answer, or set thinking to "explain".'
        )
    return start, len(ids)


def heed_thinking(
    tokenizer, prompt: Prompt, ids, choice: Thinking | str
) -> tuple[Prompt, tuple[int, int] | None]:
    """The prompt with a note on the thinking, if there is any, and the part to explain; None for all."""
    part = None
    if choice == Thinking.SKIP:
        part = answer_after_thinking(tokenizer, ids, opens_thinking(prompt.rendered))
    note = thinking_note(tokenizer, prompt, ids, choice)
    return (replace(prompt, notes=(*prompt.notes, note)) if note else prompt), part


def thinking_note(tokenizer, prompt: Prompt, ids, choice: Thinking | str) -> str:
    """What is explained of a response that holds thinking, in sentences; empty where it holds none."""
    opened = opens_thinking(prompt.rendered)
    if not opened and not _begins_thinking(tokenizer.decode(ids)):
        return ""
    if choice == Thinking.SKIP:
        return "What is explained is the answer after the model's thinking, given that thinking."
    offer = 'Set thinking to "skip" to explain the answer after it.'
    if opened and choice == Thinking.OFF:
        return f"This model's chat template opens its thinking, so what is explained is the thinking. {offer}"
    return f"What is explained begins with the model's thinking. {offer}"


def _begins_thinking(response: str) -> bool:
    return response.lstrip().startswith(tuple(MARKS))
