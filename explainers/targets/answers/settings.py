"""What a model's generation_config.json asks of the answers that are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch
from explainers.models.loaded import LoadedModel
from explainers.text.chat_template import answer_end

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Settings that change which token is the next even where none is drawn by chance, and the values at which
# they do nothing.
IDLE = {
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "min_length": 0,
    "min_new_tokens": 0,
    "num_beams": 1,
    "guidance_scale": 1.0,
}
NOT_APPLIED = (
    "This model's own settings ({}) are not applied to its answers: each token is the most probable one, as "
    "log p is measured. With them it may answer otherwise."
)


def end_tokens(loaded: LoadedModel) -> set[int]:
    """Ids that end an answer: the tokenizer's, those of the model's generation settings, and the mark with
    which its chat template ends an answer, which some models' settings leave out."""
    tokenizer, configured = loaded.tokenizer, _setting(loaded.model, "eos_token_id")
    ends = {tokenizer.eos_token_id, *(configured if isinstance(configured, list) else [configured])}
    if mark := answer_end(tokenizer):
        ends.add(tokenizer.convert_tokens_to_ids(mark))
    return ends - {None}


def banned_tokens(model: PreTrainedModel) -> list[int]:
    """Ids that the settings never let stand in an answer, such as Marian's padding."""
    words = _setting(model, "bad_words_ids") or []
    return [*(_setting(model, "suppress_tokens") or []), *(word[0] for word in words if len(word) == 1)]


def most_probable(logits: torch.Tensor, banned: list[int]) -> torch.Tensor:
    """The best token of each row that is not banned, (…, V) → (…)."""
    if banned:
        logits = logits.index_fill(-1, torch.tensor(banned, device=logits.device), -torch.inf)
    return logits.argmax(-1)


def settings_notes(model: PreTrainedModel) -> tuple[str, ...]:
    """Said where the settings would change the answer, which is written without them."""
    set_here = {name: _setting(model, name) for name in IDLE}
    named = [f"{name} {value}" for name, value in set_here.items() if value not in (None, IDLE[name])]
    return (NOT_APPLIED.format(", ".join(named)),) if named else ()


def _setting(model: PreTrainedModel, name: str):
    return getattr(model.generation_config, name, None)
