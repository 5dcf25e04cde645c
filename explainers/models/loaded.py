"""What every method is given: a model ready for use, with its tokenizer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch
from explainers.core.types import Task
from explainers.models.locate import title_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

IN_MEMORY = "object in memory"  # in the place of a revision


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for use: in eval mode, its parameters frozen.

    name: Hub id, local folder, or the built-in model's own name. revision: the Hub's commit, or for files
    what tells their versions apart, or IN_MEMORY for an object of the caller's. device: where its inputs go.
    dtype: the weights', also where `model` is a copy that computes from them in fp32. others: GPUs beside it
    that may hold copies.
    """

    name: str
    revision: str
    task: Task
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: torch.device
    dtype: torch.dtype
    others: tuple[torch.device, ...] = ()

    @property
    def title(self) -> str:
        """What messages call it."""
        return title_of(self.name)

    @property
    def context(self) -> int | None:
        """Tokens that the model can read at once; None where there is no bound."""
        config = self.model.config.get_text_config()
        names = ("max_position_embeddings", "max_seq_len")  # the last is MPT's
        bound = next(filter(None, (getattr(config, name, None) for name in names)), None)
        if bound is None or bound < 0:  # XLNet says -1 where there is none
            return None
        tables = (m for name, m in self.model.named_modules() if name.endswith("position_embeddings"))
        padding = (getattr(table, "padding_idx", None) for table in tables)
        # As in RoBERTa, positions count from behind the padding's, in an encoder and a decoder alike.
        bound -= max((place + 1 for place in padding if place is not None), default=0)
        return _in_whole_chunks(config, bound)

    def embeds(self, ids: Iterable[int]) -> bool:
        """Whether the model has a word embedding for each token. A tokenizer may know more than its model."""
        known = embedded_tokens(self.model)
        return all(token < known for token in ids)


def _in_whole_chunks(config, bound: int) -> int:
    """Tokens that fit into as many positions. Reformer and Longformer fill a text up to whole chunks, which
    take positions as well."""
    if config.model_type == "reformer":
        bound = math.prod(config.axial_pos_shape) if config.axial_pos_embds else bound
        chunk = math.lcm(*(getattr(config, f"{kind}_attn_chunk_length") for kind in config.attn_layers))
    else:
        window = getattr(config, "attention_window", 1)
        chunk = window if isinstance(window, int) else max(window)
    return bound // chunk * chunk or bound


def embedded_tokens(model: PreTrainedModel) -> int:
    """Number of its word embeddings. Adapters and quantizers put other modules in the place of the table, and
    Perceiver names no table of words at all."""
    table = model.get_input_embeddings()
    if count := getattr(table, "num_embeddings", None):
        return count
    weight = getattr(table, "weight", None)
    return model.config.get_text_config().vocab_size if weight is None else len(weight)
