"""The part of a response that is explained: from characters that a person selects to tokens."""

from __future__ import annotations

from itertools import accumulate

from explainers.core.errors import MaskwiseError
from explainers.text.prompts import decode_pieces
from explainers.text.spans import strip


def check_characters(part) -> list[int]:
    """The part, empty or [start, end), characters of a response; raises MaskwiseError for anything else."""
    sized = isinstance(part, list | tuple) and len(part) in (0, 2)
    if not sized or not all(type(i) is int for i in part):
        raise MaskwiseError(
            "part must be empty, or two whole numbers: characters [start, end) of the answer."
        )
    if part and not 0 <= part[0] < part[1]:
        raise MaskwiseError(f"part must begin at 0 or later and end after its start, not {list(part)}.")
    return list(part)


def part_tokens(tokenizer, ids, part, text: str = "") -> tuple[int, int] | None:
    """Token indices [start, end) that the characters `part` of a response touch; None for the whole.

    text: the response as the person gave it; where its tokens spell something before it, such as the space
    that sets it off the prompt, that is skipped. Raises MaskwiseError where the part touches nothing.
    """
    if not part:
        return None
    pieces = decode_pieces(tokenizer, ids)
    whole = "".join(pieces)
    lead = max(0, whole.find(text))
    if part[1] > len(whole) - lead:
        raise MaskwiseError(
            f"The part to explain ends at character {part[1]}, but the answer has {len(whole) - lead}. "
            "Select it again."
        )
    start, end = strip(whole, (part[0] + lead, part[1] + lead))
    if start == end:
        raise MaskwiseError("The part to explain is only white space. Select some words of the answer.")
    ends = list(accumulate(map(len, pieces)))
    touched = [i for i, after in enumerate(ends) if after > start and after - len(pieces[i]) < end]
    first = touched[0]
    while first and not pieces[first - 1]:  # a character made of several tokens is written with the last
        first -= 1
    return first, touched[-1] + 1


def part_characters(explanation: dict) -> list[int]:
    """Characters [start, end) of an explanation's response that its part stands for; [] for the whole.

    explanation: an `explanation` event. GenerationRequest takes them as `part`, with the response.
    """
    if not explanation.get("part"):
        return []
    lengths = [len(token["text"]) for token in explanation["response_tokens"]]
    start, end = explanation["part"]
    return [sum(lengths[:start]), sum(lengths[:end])]
