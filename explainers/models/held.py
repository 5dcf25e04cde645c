"""Loading language models and keeping them in memory.

Weights are read from safetensors alone, and no code that comes with a model is ever run.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models import memory
from explainers.models.builtin_masked_lm import load_builtin_masked_lm
from explainers.models.catalogue import BUILTIN
from explainers.models.checkpoint import count_parameters
from explainers.models.locate import Source, find_model

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class LoadedModel:
    """A model ready for use: in eval mode, its parameters frozen.

    name: Hub id, local folder, or the built-in model's own name. revision: the Hub's commit, or for files
    what tells their versions apart.
    """

    name: str
    revision: str
    task: Task
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: torch.device
    dtype: torch.dtype


_kept: OrderedDict[Source, LoadedModel] = OrderedDict()  # least recently used first
_lock = Lock()


def load_model(name: str, task: Task) -> LoadedModel:
    """The model of that Hub id or local folder; "" is the built-in one. Kept in memory, may be shared.

    Raises MaskwiseError, whose message names the fix, where it cannot be found, trusted or held.
    """
    device = memory.choose_device()

    def check_size(counts: dict[str, int]) -> None:
        memory.check_fits(name, counts, device, memory.available_bytes(device) + _held())

    source = find_model(name, task, check_size)
    with _lock:
        if source not in _kept:
            _kept[source] = _load(source)
        _kept.move_to_end(source)
        return _kept[source]


def _load(source: Source) -> LoadedModel:
    from explainers.models import loading

    with _loading_errors(source.name):
        counts = count_parameters(source.folder)
        device = memory.choose_device()
        dtype = memory.choose_dtype(counts, device)
        _make_room(source.name, counts, device)
        if source.name == BUILTIN[Task.CLASSIFICATION].id:
            model = load_builtin_masked_lm(source.folder).to(dtype)
        else:
            model = loading.read_model(source.name, source.folder, source.task, dtype)
        tokenizer = loading.read_tokenizer(source.name, source.folder, source.task)
        model = model.eval().requires_grad_(False).to(device)
        if source.may_change:  # weights mapped from a file that is cut short would end the process
            for tensor in (*model.parameters(), *model.buffers()):
                tensor.data = tensor.data.clone()
    return LoadedModel(source.name, source.revision, source.task, model, tokenizer, device, dtype)


@contextmanager
def _loading_errors(name: str) -> Iterator[None]:
    """Whatever transformers raises on files that it cannot read becomes one sentence for the person."""
    try:
        yield
    except MaskwiseError:
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MaskwiseError(f"{name} is too large for the free memory. Choose a smaller model.") from error
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:300]
        raise MaskwiseError(
            f"{name} could not be loaded ({reason}). Its files may be damaged: download or save it again, or "
            "choose another model."
        ) from error


def _make_room(name: str, counts: dict[str, int], device: torch.device) -> None:
    """Let go of models until the new one fits, both into memory and into the bound on what is kept."""
    needed = memory.needed_bytes(counts, memory.choose_dtype(counts, device))
    available = memory.available_bytes(device)
    memory.check_fits(name, counts, device, available + _held())  # else the others would be lost in vain
    bound = memory.keep_bytes(available, _held())
    while _kept and (_held() + needed > bound or memory.HEADROOM * needed > memory.available_bytes(device)):
        _kept.popitem(last=False)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
    memory.check_fits(name, counts, device, memory.available_bytes(device))


def _held() -> int:
    """Bytes of the weights of all models kept."""
    weights = (weight for kept in list(_kept.values()) for weight in kept.model.parameters())
    return sum(weight.numel() * weight.element_size() for weight in weights)
