"""Up to which length a text is read as usual: a model's configuration says what changes beyond."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.core.errors import MaskwiseError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def check_choices(model: PreTrainedModel, length: int, zeroed: bool) -> None:
    """Raise MaskwiseError where a text of that length is so long that each of its words reads only some of
    the others, which the model chooses, and chance decides between words that it finds equal.

    zeroed: removed words are zeroed; they find all words equal.
    """
    kind, config = model.config.model_type, model.config.get_text_config().to_dict()
    by_word = config.get("keep_window_size") or float("inf")  # Doge, which scores a word wherever it stands
    blocks = (config.get("index_topk_blocks") or 0) * (config.get("index_block_size") or 0)
    named = (config.get("index_topk"), config.get("indexer_budget"), blocks)
    by_position = min((number for number in named if number), default=float("inf"))
    if length > by_word:
        raise MaskwiseError(
            f"Beyond {by_word} tokens {kind} models choose which words are read, and between equal words by "
            f"chance. Prompt and answer have {length} tokens: shorten them, or choose another model."
        )
    if zeroed and length > by_position:
        raise MaskwiseError(
            f"Beyond {by_position} tokens {kind} models choose which words each word reads, and a zeroed "
            f"word chooses by chance. Prompt and answer have {length} tokens: choose delete or replace, or "
            "shorten them."
        )


def steady_length(model: PreTrainedModel) -> float:
    """The longest text whose beginning is read as it is alone: LongRoPE turns all positions otherwise beyond
    it. Infinite elsewhere."""
    rope = getattr(model.config.get_text_config(), "rope_parameters", None) or {}
    # One form, or one per kind of layer.
    forms = [rope, *(form for form in rope.values() if isinstance(form, dict))]
    bounds = (f["original_max_position_embeddings"] for f in forms if f.get("rope_type") == "longrope")
    return min(bounds, default=float("inf"))


def window_of(model: PreTrainedModel) -> float:
    """The longest text that every layer sees whole, in tokens; infinite where no layer is bounded."""
    config = model.config.get_text_config().to_dict()
    named = (v for k, v in config.items() if "window" in k or k.endswith("chunk_size"))
    return min((value for value in named if type(value) is int and value > 0), default=float("inf"))
