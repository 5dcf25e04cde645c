"""Other forms of a loaded model that share its weights.

Nothing is hooked or set on the model itself, so that several threads may use it, and its forms, at once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import torch
from explainers.models.memory import available_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_making = RLock()
_copies: WeakKeyDictionary[PreTrainedModel, dict[Callable, PreTrainedModel]] = WeakKeyDictionary()
# The `_state` of the weights that the copies were made from.
_copied: WeakKeyDictionary[PreTrainedModel, list[tuple[int, int]]] = WeakKeyDictionary()


def kept_copy(model, make: Callable, needed: int = 0, device: torch.device | None = None):
    """make(model), made once and kept as long as the model, and as its weights are not written to.

    needed: bytes that it takes on the device, the model's own where none is named; None comes back where
    that is more than half of what is free there.
    """
    with _making:
        if _copied.get(model) != (state := _state(model)):  # a caller may train a model between two calls
            _copies[model], _copied[model] = {}, state
        copies = _copies[model]
        if make not in copies:
            if needed > available_bytes(device or model.device) / 2:
                return None
            copies[make] = make(model)
        return copies[make]


def _state(model) -> list[tuple[int, int]]:
    """Where each weight lies, and how often it was written to."""
    return [(weight.data_ptr(), weight._version) for weight in model.parameters()]


def bytes_of_copies(model) -> int:
    """Bytes of what the kept copies of a model, and theirs, do not share with what they were made from."""
    shared = {id(tensor) for tensor in _tensors(model)}
    copies = list(_copies.get(model, {}).values())
    own = {id(tensor): tensor for each in copies for tensor in _tensors(each) if id(tensor) not in shared}
    return sum(tensor.nbytes for tensor in own.values()) + sum(map(bytes_of_copies, copies))


def _tensors(model) -> list[torch.Tensor]:
    return [*model.parameters(), *model.buffers()]


def with_eager_attention(model):
    """The model with attention probabilities as tensors of their own, which fused kernels never make.

    Made once and kept as long as the model.
    """
    return kept_copy(model, _eager_copy)


def _eager_copy(model):
    eager = sharing_copy(model)
    eager.set_attn_implementation("eager")
    return eager


def sharing_copy(model):
    """Modules and configuration of its own, but the same parameters and buffers."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def with_module(model, path: str, module: torch.nn.Module):
    """The model with `module` at `path`, such as "cls.predictions.decoder"; all other modules are shared."""
    name, _, rest = path.partition(".")
    form = copy.copy(model)
    form._modules = dict(model._modules)
    form._modules[name] = with_module(model._modules[name], rest, module) if rest else module
    return form
