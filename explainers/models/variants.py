"""Other forms of a loaded model that share its weights.

Nothing is hooked or set on the model itself, so that several threads may use it, and its forms, at once.
"""

from __future__ import annotations

import copy
from threading import RLock
from weakref import WeakKeyDictionary

from explainers.core.deferred_torch import torch

_making = RLock()
_eager: WeakKeyDictionary = WeakKeyDictionary()


def with_eager_attention(model):
    """The model with attention probabilities as tensors of their own, which fused kernels never make.

    Made once and kept as long as the model.
    """
    with _making:
        if model not in _eager:
            eager = sharing_copy(model)
            eager.set_attn_implementation("eager")
            _eager[model] = eager
        return _eager[model]


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
