"""Prompt-based classification: templates, label words, and the score of a class at the mask."""

import re
from dataclasses import dataclass

import numpy as np
import torch

from explainers.core.errors import MaskwiseError
from explainers.verbalizers.words import word_tokens
from training.data import pad

LONGEST = 510  # tokens of a filled template


@dataclass(frozen=True)
class Cloze:
    """A template with its encoded parts. `left` and `right` surround the text; `mask` is the position of
    the mask in left + right, the text left out."""

    left: list[int]
    right: list[int]
    mask: int

    def encode(self, text_ids: list[int], longest: int) -> tuple[list[int], int]:
        """Token ids of the filled template, at most `longest`, and the position of its mask.

        A text that is too long loses its end, the template and its mask never anything.
        """
        text_ids = list(text_ids[: longest - len(self.left) - len(self.right)])
        position = self.mask if self.mask < len(self.left) else self.mask + len(text_ids)
        return [*self.left, *text_ids, *self.right], position


def parse_template(template: str, tokenizer) -> Cloze:
    """The template "A <mask> news : {text}" with its words tokenised.

    Raises MaskwiseError unless `<mask>` and `{text}` both occur exactly once.
    """
    parts = re.split(r"(<mask>|\{text\})", template)
    if sorted(parts[1::2]) != ["<mask>", "{text}"]:
        raise MaskwiseError(f"The template {template!r} needs <mask> once and {{text}} once.")
    sides: list[list[int]] = [[tokenizer.cls_token_id], []]
    mask = side = 0
    for part in parts:
        if part == "{text}":
            side = 1
        elif part == "<mask>":
            mask = len(sides[0]) + len(sides[1])
            sides[side].append(tokenizer.mask_token_id)
        else:
            sides[side] += tokenizer(part, add_special_tokens=False)["input_ids"]
    sides[1].append(tokenizer.sep_token_id)
    return Cloze(sides[0], sides[1], mask)


def word_ids(label_words: list[list[str]], tokenizer) -> list[torch.Tensor]:
    """Token ids of every class's label words, as they stand behind a space.

    Raises MaskwiseError for a word that is not one known token.
    """
    classes = []
    for words in label_words:
        ids = [word_tokens(tokenizer, word) for word in words]
        broken = [w for w, i in zip(words, ids, strict=True) if len(i) != 1 or i[0] == tokenizer.unk_token_id]
        if broken or not words:
            raise MaskwiseError(
                f"Label words must be single tokens of the model; replace {broken or 'the empty list'}."
            )
        classes.append(torch.tensor([pieces[0] for pieces in ids]))
    return classes


def class_scores(log_probs: torch.Tensor, words: list[torch.Tensor]) -> torch.Tensor:
    """Mean log-probability (nats) of each class's label words: (B, V) → (B, C)."""
    return torch.stack([log_probs[:, ids].mean(-1) for ids in words], dim=-1)


def fill(rows: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoded templates as ids (B, L) and a bool tensor (B, L) that is true at each row's mask."""
    ids = pad([np.array(row) for row, _ in rows])
    positions = torch.zeros(ids.shape, dtype=torch.bool)
    positions[torch.arange(len(rows)), torch.tensor([mask for _, mask in rows])] = True
    return ids, positions
