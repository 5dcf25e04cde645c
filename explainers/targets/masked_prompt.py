"""A prompt's embeddings under masks: what a removed span becomes."""

from __future__ import annotations

from enum import StrEnum

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Mask, Prompt
from explainers.models.loaded import LoadedModel
from explainers.targets.causal.token_inputs import TokenInputs


class MaskOperator(StrEnum):
    """What a removed span becomes: a zero embedding at its position (XPrompt's m⊙x), nothing at all
    (later positions move up), or the tokenizer's unknown or padding token."""

    ZERO = "zero"
    DELETE = "delete"
    REPLACE = "replace"


class MaskedPrompt:
    """m⊙x for one prompt and operator. What is the same for all masks is computed once.

    embeds: word embeddings of the whole prompt, (L, d). inputs: all that the model reads of it, (L, d + e);
    see TokenInputs. A zeroed word keeps its per-layer inputs (m⊙x is of the embedding), a replaced one has
    those of what replaces it, a deleted one has none.
    """

    def __init__(self, loaded: LoadedModel, prompt: Prompt, operator: MaskOperator | str):
        self.prompt, self.operator = prompt, MaskOperator(operator)
        self._loaded, self._dtype, device = loaded, loaded.model.dtype, loaded.device
        self.token_inputs = TokenInputs(loaded.model)
        ids = torch.tensor(prompt.input_ids, device=device)
        self.inputs, self.embeds = self.token_inputs.of(ids), self.token_inputs.embeds(ids)
        belongs = torch.zeros(len(prompt.spans), len(prompt.input_ids))
        for t, span in enumerate(prompt.spans):
            belongs[t, list(span.positions)] = 1
        self._belongs = belongs.to(device)
        self._replacement = self._replacement_inputs() if self.operator is MaskOperator.REPLACE else None

    def keep(self, masks: torch.Tensor) -> torch.Tensor:
        """Masks over spans → masks over positions, (B, T) → (B, L); differentiable."""
        return 1 - (1 - masks) @ self._belongs

    def length(self, mask: Mask) -> int:
        """Positions that a mask keeps."""
        gone = (len(span.positions) for span, kept in zip(self.prompt.spans, mask, strict=True) if not kept)
        return len(self.prompt.input_ids) - sum(gone)

    def masked(self, masks: torch.Tensor) -> torch.Tensor:
        """m⊙x, with the replacement where m is 0, (B, T) → (B, L, d + e); differentiable."""
        keep = self.keep(masks)[..., None].to(self._dtype)
        if self._replacement is not None:
            return keep * self.inputs + (1 - keep) * self._replacement
        return self.with_per_layer(keep * self.embeds)

    def with_per_layer(self, embeds: torch.Tensor) -> torch.Tensor:
        """Embeddings of the whole prompt, (B, L, d), beside its per-layer inputs, (B, L, d + e)."""
        beside = self.inputs[:, embeds.shape[-1] :]
        return torch.cat([embeds, beside.expand(len(embeds), -1, -1)], -1) if beside.shape[-1] else embeds

    def replacement(self, operator: MaskOperator | str) -> torch.Tensor:
        """The embedding that stands in for a removed position under an operator, (d,)."""
        if operator == MaskOperator.REPLACE:
            return self._replacement_inputs()[: self.embeds.shape[1]]
        return torch.zeros_like(self.embeds[0])

    def _replacement_inputs(self) -> torch.Tensor:
        return self.token_inputs.of(torch.tensor([self.replacement_id()], device=self.inputs.device))[0]

    def replacement_id(self) -> int:
        """The tokenizer's unknown token where it has one, else its padding, else its end token.

        Raises MaskwiseError where it has none of them that the model knows.
        """
        tokenizer = self._loaded.tokenizer
        for token in (tokenizer.unk_token_id, tokenizer.pad_token_id, tokenizer.eos_token_id):
            if token is not None and self._loaded.embeds([token]):
                return token
        raise MaskwiseError(
            "This model's tokenizer has no unknown, padding or end token to stand for a removed "
            "word. Choose zero or delete."
        )
