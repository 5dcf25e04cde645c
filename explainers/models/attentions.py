"""Attention probabilities of one prompt, for the methods that read them."""

from __future__ import annotations

from explainers.core.base import option
from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError

ROUNDING = 0.05  # of a row's sum, in half precision


def attentions_of(output, model) -> tuple[torch.Tensor, ...]:
    """Attention probabilities of every layer, each (1, H, L, L), rows are queries.

    output: of an eager forward pass with output_attentions. Raises MaskwiseError for an
    architecture that does not give them all, such as Longformer, which gives those of its
    windows, or SqueezeBERT, which gives scores.
    """
    found, length = tuple(output.attentions or ()), output[0].shape[1]
    right = sum(attention is not None and _are_probabilities(attention, length) for attention in found)
    windowed = hasattr(model.config, "attention_window")
    if windowed or right != len(found) or right != model.config.num_hidden_layers:
        raise MaskwiseError(
            f"{model.config.model_type} models do not give the attention probabilities of all their layers. "
            "Choose a method that needs none, or a BERT or RoBERTa model."
        )
    return found


def _are_probabilities(attention: torch.Tensor, length: int) -> bool:
    """Whether each of the positions has a share of each: (1, H, L, L), rows that sum to 1."""
    if attention.shape[-2:] != (length, length):
        return False
    return bool((attention.sum(-1) - 1).abs().max() < ROUNDING)


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
