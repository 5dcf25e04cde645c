"""Reading a model and its tokenizer from a folder, through transformers, with nothing taken on trust."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import torch
from huggingface_hub import ModelCard
from sentencepiece import SentencePieceProcessor
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
)
from transformers import logging as transformers_logging
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
)

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.checkpoint import FLOAT_BYTES, READING, TOKENIZERS, count_parameters

LOCAL = {"local_files_only": True, "trust_remote_code": False}
NEEDED = {
    Task.GENERATION: "a causal language model or an encoder–decoder, such as SmolLM2-135M or t5-small",
    Task.CLASSIFICATION: "a masked language model (one that fills blanks), such as roberta-base",
}

# Vicuna was published without its template; FastChat, which it was trained with, writes this one since v1.1.
VICUNA = re.compile(r"vicuna.*v1\.[1-9]", re.IGNORECASE)
VICUNA_TEMPLATE = (
    "{{ bos_token }} {% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] }}"
    "{% set messages = messages[1:] %}{% else %}A chat between a curious user and an artificial intelligence "
    "assistant. The assistant gives helpful, detailed, and polite answers to the user's questions.{% endif %}"
    "{% for message in messages %}{% if message['role'] == 'user' %} USER: {{ message['content'] }}"
    "{% else %} ASSISTANT: {{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %} ASSISTANT:{% endif %}"
)
# Texts with single spaces and no sign that a normalizer may rewrite, in which conversions go wrong.
PROBES = (
    "Write a short story about a doctor and his patient.",
    "Unbelievable: 1234 internationalization pretokenizers, aren't they (really)?",
    "Grüße, señor! Привет, мир",
    "def first(values): return values[0]",
)
NUMBER = re.compile(r"\.(\d+)\.")  # of a layer, in a weight's name
MISFIT = (
    "The config.json of {} does not fit its weights ({}). Download or save the model again, or choose "
    "another one."
)
MULTIMODAL = "ForConditionalGeneration"
# The library that reads weights quantized by that method.
QUANTIZERS = {"bitsandbytes": "bitsandbytes", "torchao": "torchao"}


def read_model(name: str, folder: Path, task: Task, dtype: torch.dtype, device_map=None):
    """The model of `folder`, on the CPU or where device_map says (see transformers).

    Raises MaskwiseError where it is not of the kind that the task needs.
    """
    config = _read_config(name, folder)
    _check_kind(name, config, task)
    _check_quantization(name, folder, config)
    transformers_logging.disable_progress_bar()
    with READING:
        model, report = _read(name, folder, _auto_class(config, task), config, dtype, device_map)
    _check_weights(name, task, model, report)
    return model


def _read(name: str, folder: Path, auto_class, config, dtype: torch.dtype, device_map):
    """The model, and what of its weights was missing or left over."""
    try:
        return auto_class.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            device_map=device_map,
            use_safetensors=True,
            output_loading_info=True,
            **LOCAL,
        )
    except RuntimeError as error:
        if "ignore_mismatched_sizes" not in str(error):
            raise
        raise MaskwiseError(MISFIT.format(name, "sizes differ")) from error


def _check_weights(name: str, task: Task, model, report: dict) -> None:
    """Raise MaskwiseError where the weights are not those of the model that config.json describes."""
    own = {key for key, _ in model.named_parameters()}
    missing = sorted(set(report["missing_keys"]) & own)
    if missing and not missing[0].startswith(f"{model.base_model_prefix}."):
        raise MaskwiseError(
            f"{name} has no weights for {missing[0]}: it was saved without its language-model head. "
            f"Choose {NEEDED[task]}."
        )
    if missing:
        raise MaskwiseError(MISFIT.format(name, f"{missing[0]} is missing"))
    config = model.config.get_text_config()
    layers = getattr(config, "num_hidden_layers", 1)
    last = layers + (getattr(config, "num_nextn_predict_layers", 0) or 0)  # which are not used here
    known = {NUMBER.sub(".#.", key, count=1) for key in own}
    for key in sorted(report["unexpected_keys"]):
        number = NUMBER.search(key)
        left = number and int(number[1]) >= last and NUMBER.sub(".#.", key, count=1) in known
        if layers < 1 or left:
            raise MaskwiseError(MISFIT.format(name, f"{key} is left over"))


def read_tokenizer(name: str, folder: Path, task: Task):
    """A fast tokenizer: only such a one knows which characters of the text a token covers."""
    if not any(any(folder.glob(file)) for file in (*TOKENIZERS, "tokenizer_config.json")):
        raise MaskwiseError(
            f"{name} has no tokenizer (tokenizer.json). Copy that of its model to the folder."
        )
    tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
    if not tokenizer.is_fast:
        raise MaskwiseError(
            f"{name} has no fast tokenizer (tokenizer.json, or a tokenizer.model that can be made into one). "
            "Choose a model that has one."
        )
    _check_conversion(name, folder, tokenizer)
    if not tokenizer.chat_template and VICUNA.search(name):
        tokenizer.chat_template = VICUNA_TEMPLATE
    if task is Task.CLASSIFICATION and tokenizer.mask_token is None:
        raise MaskwiseError(f"The tokenizer of {name} has no mask token. Choose {NEEDED[task]}.")
    return tokenizer


def _check_conversion(name: str, folder: Path, tokenizer) -> None:
    """Where transformers made the tokenizer from tokenizer.model, it must read texts as SentencePiece does.

    It takes a vocabulary for what the tokenizer's class usually is, so that one of another kind is cut into
    other pieces. Raises MaskwiseError there.
    """
    source = folder / "tokenizer.model"
    if not source.is_file() or (folder / "tokenizer.json").is_file():
        return
    try:
        own = SentencePieceProcessor(model_file=str(source))
    except RuntimeError:  # such as tiktoken's, which transformers reads as what it is
        return
    for text in PROBES:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        if tokenizer.convert_ids_to_tokens(ids) != [own.id_to_piece(i) for i in own.encode(text)]:
            raise MaskwiseError(
                f"The tokenizer.model of {name} is read as a {type(tokenizer).__name__}, which cuts texts "
                "into other pieces than SentencePiece does. Choose a copy that has a tokenizer.json."
            )


def _read_config(name: str, folder: Path):
    try:
        return AutoConfig.from_pretrained(folder, **LOCAL)
    except (ValueError, KeyError) as error:
        raise MaskwiseError(
            f"The architecture of {name} is unknown to transformers, or needs code of its own, which "
            "Maskwise does not run. Choose a model of a standard architecture."
        ) from error


def _auto_class(config, task: Task):
    if task is Task.CLASSIFICATION:
        return AutoModelForMaskedLM
    return AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM


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
    method = str(values.get("quant_method", "an unknown method"))
    library = QUANTIZERS.get(method)
    if library and find_spec(library):
        return
    install = f", or install {library} and start Maskwise again" if library else ""
    raise MaskwiseError(
        f"The weights of {name} are quantized ({method}). Choose the model it was made from"
        f"{_made_from(folder)}{install}."
    )


def _check_floats(name: str, folder: Path) -> None:
    """Raise MaskwiseError for weights of which none are floats."""
    stored = count_parameters(folder)
    if stored and not stored.keys() & FLOAT_BYTES.keys():
        raise MaskwiseError(
            f"The weights of {name} are stored as {', '.join(sorted(stored))}, and its config.json does not "
            f"say how they were quantized. Choose the model it was made from{_made_from(folder)}."
        )


def _made_from(folder: Path) -> str:
    """Its name in brackets, where the model's card tells."""
    try:
        base = ModelCard.load(folder / "README.md").data.get("base_model")
    except (OSError, ValueError):
        return ""
    return f" ({', '.join([base] if isinstance(base, str) else base)})" if base else ""
