"""What few-shot tuning changes of a masked language model: LoRA on its attention, and its MLM head."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import PreTrainedModel

from explainers.core.errors import MaskwiseError

# What the menu's models call them: BERT, RoBERTa, ALBERT and ELECTRA; DistilBERT; ModernBERT.
ATTENTION_LAYERS = ("query", "value", "q_lin", "v_lin", "Wqkv")


@dataclass(frozen=True)
class TunedAdapter:
    """What few-shot tuning changed, and for which template and label words.

    tensors: LoRA matrices and head parameters by name, as in a `peft` model.
    """

    tensors: dict[str, torch.Tensor]
    template: str
    label_words: list[list[str]]

    def save(self, path: Path) -> None:
        """Write one safetensors file; template and label words go into its metadata."""
        about = {"template": self.template, "label_words": json.dumps(self.label_words)}
        save_file({name: value.contiguous() for name, value in self.tensors.items()}, path, metadata=about)

    @classmethod
    def load(cls, path: Path) -> TunedAdapter:
        """Read what `save` wrote. Raises MaskwiseError for another kind of file."""
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            if "template" not in about:
                raise MaskwiseError(
                    f"{path.name} is not a few-shot adapter; write one with training.few_shot."
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return cls(tensors, about["template"], json.loads(about["label_words"]))

    def apply(self, model: PreTrainedModel) -> PreTrainedModel:
        """A copy of `model` with the adapter merged in. Raises MaskwiseError if it fits another model."""
        adapted = with_adapter(model)
        shapes = {name: value.shape for name, value in adapted.named_parameters()}
        strangers = [name for name, value in self.tensors.items() if shapes.get(name) != value.shape]
        if strangers:
            raise MaskwiseError(
                f"This adapter belongs to another model ({strangers[0]} does not fit); tune it again."
            )
        adapted.load_state_dict(self.tensors, strict=False)
        return adapted.merge_and_unload().eval().requires_grad_(False)


def with_adapter(model: PreTrainedModel):
    """A copy of the model with LoRA on its attention; only LoRA and the MLM head require gradients."""
    layers = [name for name, _ in model.named_modules() if name.rpartition(".")[2] in ATTENTION_LAYERS]
    if not layers:
        raise MaskwiseError(
            f"Few-shot tuning knows no attention layers of {model.config.model_type} models. Choose a BERT, "
            "RoBERTa, DistilBERT, ALBERT, ELECTRA or ModernBERT model."
        )
    config = LoraConfig(r=8, lora_alpha=16, target_modules=layers)
    adapted = get_peft_model(copy.deepcopy(model), config)
    for name, parameter in adapted.named_parameters():
        in_head = not name.startswith(f"base_model.model.{model.base_model_prefix}.")
        parameter.requires_grad_("lora_" in name or in_head)
    return adapted
