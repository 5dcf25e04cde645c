"""A model for one call: loaded by its name, or an object that the caller holds and gets back unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import held
from explainers.models.loaded import IN_MEMORY, LoadedModel

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def name_of(model: str | PreTrainedModel) -> str:
    """What a result calls the model: the given name, or where the object was read from, or its class."""
    if isinstance(model, str):
        return model
    return getattr(getattr(model, "config", None), "_name_or_path", "") or type(model).__name__


def model_of(explanation: dict, name: str, task: Task) -> LoadedModel:
    """The model that made an explanation, loaded by its name; MaskwiseError where it was an object."""
    if explanation.get("revision") == IN_MEMORY:
        raise MaskwiseError(
            "This result was made with a model object that is not at hand here. Explain it anew with the "
            "object, or press Run with a model of the menu."
        )
    return held.load_model(name, task)


@contextmanager
def ready_model(
    model: str | PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase | None,
    task: Task,
    device: str = "",
    dtype: str = "",
) -> Iterator[LoadedModel]:
    """The model in eval mode with frozen parameters, while the context lasts.

    model: a name as `load_model` takes it, with "" for the usual device and dtype; or an object, with its
    tokenizer, which is used where it is and then has the modes and `requires_grad` it had before. Raises
    MaskwiseError where these do not go together or do not fit the task.
    """
    if isinstance(model, str):
        if tokenizer is not None:
            raise MaskwiseError("A tokenizer goes with a model object. Leave it out, or give the object.")
        chosen: dict[str, Any] = {"device": device, "dtype": dtype}
        yield held.load_model(model, task, **{name: value for name, value in chosen.items() if value})
        return
    if device or dtype:
        raise MaskwiseError(
            "A model object is used where it is and as it is. Leave out device and dtype, or give a name."
        )
    tokenizer = _fitting_tokenizer(model, tokenizer, task)
    modes = [(module, module.training) for module in model.modules()]
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    model.eval().requires_grad_(False)
    try:
        yield LoadedModel(name_of(model), IN_MEMORY, task, model, tokenizer, model.device, model.dtype)
    finally:
        for module, training in modes:
            module.training = training
        for weight in trained:
            weight.requires_grad_(True)


def _fitting_tokenizer(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase | None, task: Task
) -> PreTrainedTokenizerBase:
    """The tokenizer; raises MaskwiseError where it or the model does not fit the task."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as FILLING

    from explainers.models.configuration import NEEDED

    kind = type(model).__name__
    if not hasattr(model, "config") or not hasattr(model, "get_output_embeddings"):
        raise MaskwiseError(f"model is a {kind}. Give a name, or a model object of transformers.")
    if tokenizer is None:
        raise MaskwiseError("A model object needs its tokenizer. Give it as tokenizer=….")
    if not getattr(tokenizer, "is_fast", False):
        raise MaskwiseError("This tokenizer gives no character offsets. Give a fast one (tokenizer.json).")
    generates = bool(model.can_generate()) and model.get_output_embeddings() is not None
    if task is Task.GENERATION and not generates:
        raise MaskwiseError(f"This model ({kind}) does not fit this task. Give {NEEDED[task]}.")
    fills = not generates or (kind in FILLING.values() and not model.config.is_encoder_decoder)
    if task is Task.CLASSIFICATION and (tokenizer.mask_token is None or not fills):
        raise MaskwiseError(f"This model ({kind}) does not fit this task. Give {NEEDED[task]}.")
    return tokenizer
