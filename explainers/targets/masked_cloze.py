"""What the MLM head gives at the masks of a template, with spans of the text removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from explainers.core.deferred_torch import torch
from explainers.targets.masked_prompt import MaskedPrompt, MaskOperator
from explainers.targets.mlm_head import MlmReader, alike
from explainers.text.templates import Cloze


@dataclass(frozen=True)
class MaskedCloze:
    """A rendered template under masks over the spans of its text."""

    cloze: Cloze
    masked: MaskedPrompt
    reader: MlmReader

    def scores(
        self, masks: torch.Tensor, score: Callable[[torch.Tensor], torch.Tensor], classes: int
    ) -> torch.Tensor:
        """`score` of what the head gives, (B, T) → (B, C); differentiable, but for deletion.

        score: (B, M, V) → (B, C) at the M masks of the template, or from (B, M, d). classes: C.
        """
        embeds = self.masked.masked(masks)  # (B, L, d)
        if self.masked.operator is not MaskOperator.DELETE:
            return score(self.at_masks(embeds))
        kept = self.masked.keep(masks).round().long()  # (B, L)
        keep, order = kept.sort(dim=1, descending=True, stable=True)
        embeds = embeds.gather(1, order[..., None].expand_as(embeds))
        first, lengths = (order == self.cloze.mask_position).long().argmax(1), keep.sum(1)  # (B,) each
        scores = embeds.new_zeros(len(masks), classes, dtype=torch.float32)
        for rows in alike(lengths, self.reader.traits.pads):
            longest = int(lengths[rows].max())
            attention = keep[rows, :longest]
            scores[rows] = score(self.at_masks(embeds[rows, :longest], first[rows], attention_mask=attention))
        return scores

    def at_masks(self, embeds: torch.Tensor, first: torch.Tensor | None = None, **arguments) -> torch.Tensor:
        """What the head gives there, (B, L, d) → (B, M, V) or (B, M, d).

        first: of the masks in each row, (B,), where it is not the usual place.
        """
        places = torch.arange(self.cloze.masks, device=embeds.device)
        first = places.new_full((len(embeds),), self.cloze.mask_position) if first is None else first
        return self.reader.at(first[:, None] + places, inputs_embeds=embeds, **arguments)
