"""A prompt's embeddings under masks: what a removed span becomes."""

from __future__ import annotations

from enum import StrEnum

from explainers.core.deferred_torch import torch
from explainers.core.types import Prompt
from explainers.models.held import LoadedModel


class MaskOperator(StrEnum):
    """What a removed span becomes: a zero embedding at its position (XPrompt's m⊙x), nothing at all
    (later positions move up), or the tokenizer's unknown or padding token."""

    ZERO = "zero"
    DELETE = "delete"
    REPLACE = "replace"


class MaskedPrompt:
    """m⊙x for one prompt and operator. What is the same for all masks is computed once.

    embeds: word embeddings of the whole prompt, (L, d).
    """

    def __init__(self, loaded: LoadedModel, prompt: Prompt, operator: MaskOperator | str):
        self.prompt, self.operator = prompt, MaskOperator(operator)
        self._tokenizer, self._dtype, device = loaded.tokenizer, loaded.model.dtype, loaded.device
        self._embed = loaded.model.get_input_embeddings()
        self.embeds = self._embed(torch.tensor(prompt.input_ids, device=device)).detach()
        belongs = torch.zeros(len(prompt.spans), len(prompt.input_ids))
        for t, span in enumerate(prompt.spans):
            belongs[t, list(span.positions)] = 1
        self._belongs = belongs.to(device)
        self._replacement = self.replacement(self.operator)

    def keep(self, masks: torch.Tensor) -> torch.Tensor:
        """Masks over spans → masks over positions, (B, T) → (B, L); differentiable."""
        return 1 - (1 - masks) @ self._belongs

    def masked(self, masks: torch.Tensor) -> torch.Tensor:
        """m⊙x, with the replacement where m is 0, (B, T) → (B, L, d); differentiable."""
        keep = self.keep(masks)[..., None].to(self._dtype)
        kept = keep * self.embeds
        return kept + (1 - keep) * self._replacement if self.operator is MaskOperator.REPLACE else kept

    def replacement(self, operator: MaskOperator | str) -> torch.Tensor:
        """The embedding that stands in for a removed position under an operator, (d,)."""
        if operator == MaskOperator.REPLACE:
            return self._embed(torch.tensor(self.replacement_id(), device=self.embeds.device)).detach()
        return torch.zeros_like(self.embeds[0])

    def replacement_id(self) -> int:
        """The tokenizer's unknown token where it has one, else its padding, else its end token."""
        tokenizer = self._tokenizer
        ids = (tokenizer.unk_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id)
        return next(i for i in ids if i is not None)
