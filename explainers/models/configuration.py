"""What a folder's config.json says of its model: of which kind it is, and whether that can be loaded."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

from huggingface_hub import ModelCard
from huggingface_hub.errors import StrictDataclassClassValidationError
from transformers import CONFIG_MAPPING, AutoConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from explainers.core.errors import MaskwiseError, shown
from explainers.core.types import Task
from explainers.models.checkpoint import FLOAT_BYTES, stored_tensors

LOCAL = {"local_files_only": True, "trust_remote_code": False}
NEEDED = {
    Task.GENERATION: "a causal language model or an encoder–decoder, such as SmolLM2-135M or t5-small",
    Task.CLASSIFICATION: "a masked language model (one that fills blanks), such as roberta-base",
}
AGAIN = "Download or save the model again, or choose another one."
MOST_LAYERS = 1_000  # more are no model's: to make a million of them would take hours
MULTIMODAL = "ForConditionalGeneration"
# The library that reads weights quantized by that method.
QUANTIZERS = {"bitsandbytes": "bitsandbytes", "torchao": "torchao"}


def read_config(name: str, folder: Path, task: Task):
    """The configuration; raises MaskwiseError where it is damaged, does not fit the task, or describes a
    model that cannot be loaded."""
    stored = _stored(name, folder)
    kind = stored.get("model_type", "")
    if kind and kind not in CONFIG_MAPPING:
        own_code = ", or needs code of its own, which Maskwise does not run" if "auto_map" in stored else ""
        raise MaskwiseError(
            f"{name} is of a kind that transformers does not know ({shown(kind)}){own_code}. Choose a model "
            "of another kind."
        )
    try:
        config = AutoConfig.from_pretrained(folder, **LOCAL)
    except Exception as error:  # each kind checks its values in its own way
        raise unmakeable(name, kind, error) from error
    layers = getattr(config.get_text_config(), "num_hidden_layers", None)
    if isinstance(layers, int) and layers > MOST_LAYERS:
        raise MaskwiseError(f"The config.json of {name} names {layers:,} layers. {AGAIN}")
    _check_kind(name, config, task)
    _check_quantization(name, folder, config)
    return config


def unmakeable(name: str, kind: str, error: Exception) -> MaskwiseError:
    """For whatever transformers raises on values that make no model."""
    if not kind:
        return MaskwiseError(f"The config.json of {name} does not name its kind (model_type). {AGAIN}")
    written_for_people = isinstance(error, StrictDataclassClassValidationError)
    reason = f": {error.__cause__}".rstrip(".") if written_for_people else ""
    return MaskwiseError(f"The config files of {name} describe no {kind} model that works{reason}. {AGAIN}")


def _stored(name: str, folder: Path) -> dict:
    try:
        stored = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        stored = None
    if isinstance(stored, dict):
        kind, architectures = stored.get("model_type", ""), stored.get("architectures") or []
        if isinstance(kind, str) and isinstance(architectures, list):
            return stored
    raise MaskwiseError(f"The config.json of {name} is damaged. {AGAIN}")


def _check_kind(name: str, config, task: Task) -> None:
    causal = task is Task.GENERATION
    classes = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES if causal else MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if causal and config.is_encoder_decoder:
        classes = MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES
    saved_as = set(config.architectures or ())
    # BERT's configuration can also make a causal model, so a causal one must have been saved as such, or as a
    # model of pictures and text that holds one.
    writes = saved_as & set(classes.values()) or any(name.endswith(MULTIMODAL) for name in saved_as)
    other = config.model_type not in classes or (causal and saved_as and not writes)
    if other or (config.is_encoder_decoder and not causal):
        kind = ", ".join(sorted(saved_as)) or config.model_type
        raise MaskwiseError(f"{name} ({kind}) does not fit this task. Choose {NEEDED[task]}.")


def _check_quantization(name: str, folder: Path, config) -> None:
    """Raise MaskwiseError for quantized weights that nothing installed here reads."""
    quantization = getattr(config, "quantization_config", None)
    if not quantization:
        _check_floats(name, folder)
        return
    values = quantization if isinstance(quantization, dict) else quantization.to_dict()
    named = values.get("quant_method")
    method = named if isinstance(named, str) else "an unknown method"
    library = QUANTIZERS.get(method)
    if library and find_spec(library):
        return
    install = f", or install {library} and start Maskwise again" if library else ""
    raise MaskwiseError(
        f"The weights of {name} are quantized ({method}). Choose the model it was made from"
        f"{_made_from(folder)}{install}."
    )


def _check_floats(name: str, folder: Path) -> None:
    """Raise MaskwiseError for weights that are stored as something else than floats of two bytes or more:
    their scales, if there are any, would be passed over."""
    stored = [(tensor, dtype) for tensor, dtype, _ in stored_tensors(folder)]
    others = {dtype for tensor, dtype in stored if dtype not in FLOAT_BYTES and tensor.endswith(".weight")}
    if not any(dtype in FLOAT_BYTES for _, dtype in stored):
        others |= {dtype for _, dtype in stored}
    if others:
        raise MaskwiseError(
            f"The weights of {name} are stored as {', '.join(sorted(others))}, and its config.json does not "
            f"say how they were quantized. Choose the model it was made from{_made_from(folder)}."
        )


def _made_from(folder: Path) -> str:
    """Its name in brackets, where the model's card tells."""
    try:
        base = ModelCard.load(folder / "README.md").data.get("base_model")
    except (OSError, ValueError):
        return ""
    return f" ({', '.join([base] if isinstance(base, str) else base)})" if base else ""
