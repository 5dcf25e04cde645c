"""Reading a model and its tokenizer from a folder, through transformers, with nothing taken on trust."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from sentencepiece import SentencePieceProcessor
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM, AutoTokenizer
from transformers import logging as transformers_logging

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.checkpoint import READING, TOKENIZERS
from explainers.models.configuration import AGAIN, LOCAL, NEEDED, read_config, unmakeable

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
MISFIT = "The config.json of {} does not fit its weights ({}). " + AGAIN


def read_model(name: str, folder: Path, task: Task, dtype: torch.dtype, device_map=None):
    """The model of `folder`, on the CPU or where device_map says (see transformers).

    Raises MaskwiseError where it is not of the kind that the task needs.
    """
    config = read_config(name, folder, task)
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
    except (OSError, ImportError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # each kind makes its layers in its own way
        if "ignore_mismatched_sizes" in str(error):
            raise MaskwiseError(MISFIT.format(name, "sizes differ")) from error
        raise unmakeable(name, config.model_type, error) from error


def _check_weights(name: str, task: Task, model, report: dict) -> None:
    """Raise MaskwiseError where the weights are not those of the model that config.json describes."""
    own = {key for key, _ in model.named_parameters()}
    missing, left = sorted(set(report["missing_keys"]) & own), sorted(report["unexpected_keys"])
    if left and len(missing) == len(own):
        raise MaskwiseError(MISFIT.format(name, f"it has other names for them than {left[0]}"))
    if missing and not missing[0].startswith(f"{model.base_model_prefix}."):
        raise MaskwiseError(
            f"{name} has no weights for {missing[0]}: it was saved without its language-model head. "
            f"Choose {NEEDED[task]}."
        )
    if missing:
        raise MaskwiseError(MISFIT.format(name, f"{missing[0]} is missing"))
    for key in left:
        if _is_of_layer_beyond(key, model, own) or _is_of_layer_there(key, model):
            raise MaskwiseError(MISFIT.format(name, f"{key} is left over"))


def _is_of_layer_beyond(key: str, model, own: set[str]) -> bool:
    """Whether a weight that was left over is of a further layer like those of the model."""
    config = model.config.get_text_config()
    layers = getattr(config, "num_hidden_layers", 1)
    last = layers + (getattr(config, "num_nextn_predict_layers", 0) or 0)  # which are not used here
    known = {NUMBER.sub(".#.", each, count=1) for each in own}
    number = NUMBER.search(key)
    return layers < 1 or bool(number and int(number[1]) >= last and NUMBER.sub(".#.", key, count=1) in known)


def _is_of_layer_there(key: str, model) -> bool:
    """Whether a weight that was left over is a part of one of the model's layers, such as a LoRA, a norm or a
    bias that its config.json leaves out. Masks and the like, which old models were saved with, are none."""
    number, (place, _, kind) = NUMBER.search(key), key.rpartition(".")
    modules, quantized = dict(model.named_modules()), getattr(model.config, "quantization_config", None)
    if not number or key[: number.end() - 1] not in modules or quantized:
        return False
    return kind == "weight" or (kind.startswith(("weight", "bias")) and hasattr(modules.get(place), "weight"))


def read_tokenizer(name: str, folder: Path, task: Task):
    """A fast tokenizer: only such a one knows which characters of the text a token covers."""
    if not any(any(folder.glob(file)) for file in (*TOKENIZERS, "tokenizer_config.json")):
        raise MaskwiseError(
            f"{name} has no tokenizer (tokenizer.json). Copy that of its model to the folder."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **LOCAL)
        if not isinstance(tokenizer.chat_template or "", str | dict):
            raise TypeError("a chat template must be text")
    except ImportError:
        raise
    except Exception as error:  # tokenizers raises plain exceptions
        raise MaskwiseError(
            f"The tokenizer of {name} cannot be read: its files are missing or damaged, or it needs code of "
            "its own, which Maskwise does not run. Copy that of its model to the folder, or choose another "
            "model."
        ) from error
    if not tokenizer.is_fast:
        raise MaskwiseError(
            f"{name} has no fast tokenizer (tokenizer.json, or a tokenizer.model that can be made into one). "
            "Choose a model that has one."
        )
    check_conversion(name, folder, tokenizer)
    if not tokenizer.chat_template and VICUNA.search(f"{folder} {name}"):
        tokenizer.chat_template = VICUNA_TEMPLATE
    if task is Task.CLASSIFICATION and tokenizer.mask_token is None:
        raise MaskwiseError(f"The tokenizer of {name} has no mask token. Choose {NEEDED[task]}.")
    return tokenizer


def check_conversion(name: str, folder: Path, tokenizer) -> None:
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


def _auto_class(config, task: Task):
    if task is Task.CLASSIFICATION:
        return AutoModelForMaskedLM
    return AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
