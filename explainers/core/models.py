"""Finding, loading and keeping language models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.core.types import Task

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for use: in eval mode, its parameters frozen.

    name: Hub id, local folder, or the built-in model's own name. revision: commit of the Hub, or the
    sha256 of the weights for a file, shortened.
    """

    name: str
    revision: str
    task: Task
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: torch.device
    dtype: torch.dtype
