"""Attention probabilities of one prompt, for the methods that read them."""

from __future__ import annotations

from explainers.core.base import option
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError


def attentions_of(output, model) -> tuple[torch.Tensor, ...]:
    """Attention probabilities of every layer, each (1, H, L, L), rows are queries.

    output: of an eager forward pass with output_attentions. Raises MaskwiseError for an
    architecture that does not give them all.
    """
    found, layers = tuple(output.attentions or ()), model.config.num_hidden_layers
    if len(found) != layers or any(attention is None for attention in found):
        raise MaskwiseError(
            f"{model.config.model_type} models do not give their attention probabilities ({len(found)} of "
            f"{layers} layers). Choose a method that needs none, or a BERT or RoBERTa model."
        )
    return found


def stack(attentions: tuple[torch.Tensor, ...]) -> torch.Tensor:
    """One tensor on the CPU, (layers, H, L, L) fp32."""
    return torch.cat(attentions).detach().float().cpu()


def queries_option():
    """Which rows of the attention are read: a setting of the methods that take attention as it is."""
    return option(
        "mask",
        "Read from",
        "mask: the row of <mask> (the papers). all: of all positions, summed (the compared code).",
        choices=("mask", "all"),
    )


def read_rows(attended: torch.Tensor, mask_position: int, queries: str) -> torch.Tensor:
    """What each position receives, (L, L) → (L,): from <mask> alone ("mask"), or from "all" positions."""
    return attended[mask_position] if queries == "mask" else attended.sum(0)
