"""The built-in masked LM: MiniLM's word embeddings, with an encoder and MLM head trained for this project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from explainers.core.errors import MaskwiseError
from explainers.models.checkpoint import READING

if TYPE_CHECKING:
    from transformers import BertForMaskedLM

WEIGHTS = Path(__file__).parents[2] / "assets" / "masked_lm"
EMBEDDINGS = "embeddings.word_embeddings.weight"
_TIED = {f"bert.{EMBEDDINGS}", "cls.predictions.decoder.weight", "cls.predictions.decoder.bias"}


def load_builtin_masked_lm(encoder_folder: Path, weights: Path = WEIGHTS) -> BertForMaskedLM:
    """The model in eval mode, fp32, its parameters frozen; the tokenizer is the one in `encoder_folder`.

    encoder_folder: all-MiniLM-L6-v2, whose word embeddings stayed as they were and are taken from there.
    weights: folder of the safetensors shards (fp16) with everything else. Raises MaskwiseError if the two
    do not make up a whole model.
    """
    from safetensors import safe_open
    from safetensors.torch import load_file
    from transformers import BertConfig, BertForMaskedLM

    shards = sorted(weights.glob("*.safetensors"))
    tensors = {name: value.float() for shard in shards for name, value in load_file(shard).items()}
    with safe_open(encoder_folder / "model.safetensors", framework="pt") as encoder:
        tensors[f"bert.{EMBEDDINGS}"] = encoder.get_tensor(EMBEDDINGS)
    config = BertConfig.from_pretrained(encoder_folder, tie_word_embeddings=True)
    with READING:
        model = BertForMaskedLM(config)
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    if unexpected or not set(missing) <= _TIED:
        raise MaskwiseError(
            f"The built-in masked LM ({weights.name}) is incomplete. Restore the folder from the repository, "
            "or train it again: python -m training.masked_lm --help"
        )
    with READING:
        model.tie_weights()
    return model.eval().requires_grad_(False)
