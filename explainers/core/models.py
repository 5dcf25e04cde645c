"""Finding, loading and keeping language models.

A model is looked for in an installed package, then on this machine (a given folder, the Hub's cache), then on
the Hub. Weights are read from safetensors alone, and no code that comes with a model is ever run.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import torch

from explainers.core import builtin, hub, memory
from explainers.core.catalogue import ALLOWED, BUILTIN, is_allowed
from explainers.core.checkpoint import count_parameters, fingerprint
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task

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


@dataclass(frozen=True)
class Source:
    """Where a model was found: a folder with weights, and for which version of them it stands."""

    name: str
    revision: str
    task: Task
    folder: Path


_kept: OrderedDict[Source, LoadedModel] = OrderedDict()  # least recently used first
_lock = Lock()


def load_model(name: str, task: Task) -> LoadedModel:
    """The model of that Hub id or local folder; "" is the built-in one. Kept in memory, may be shared.

    Raises MaskwiseError, whose message names the fix, where it cannot be found, trusted or held.
    """
    source = find_model(name, task)
    with _lock:
        if source not in _kept:
            _kept[source] = _load(source)
        _kept.move_to_end(source)
        return _kept[source]


def find_model(name: str, task: Task) -> Source:
    """Find the model's folder, downloading it from the Hub where it is nowhere else."""
    name = name.strip()
    if not is_allowed(name, task):
        raise MaskwiseError(f"{name!r} is not offered here ({ALLOWED}). Choose one of the menu.")
    if name in ("", BUILTIN[task].id):
        return _find_builtin(task)
    if folder := _local_folder(name):
        return Source(name, f"files {fingerprint(folder)}", task, folder)
    if not hub.is_hub_id(name):
        raise MaskwiseError(
            f"{name[:100]!r} is neither a folder on this machine nor a model of the Hub. Give a name such as "
            f"{BUILTIN[task].id}, or the path of a folder with config.json and model.safetensors."
        )
    return _find_on_hub(name, task)


def _find_builtin(task: Task) -> Source:
    name = BUILTIN[task].id
    if task is Task.CLASSIFICATION:
        return Source(name, builtin.MINILM.sha256[:12], task, builtin.sentence_encoder_folder())
    if folder := builtin.smollm2_folder():
        return Source(name, f"{builtin.SMOLLM2.file} {builtin.SMOLLM2.sha256[:12]}", task, folder)
    return _find_on_hub(name, task)


def _find_on_hub(name: str, task: Task) -> Source:
    device = memory.choose_device()
    folder = hub.download_folder(
        name, lambda counts: memory.check_fits(name, counts, device, memory.available_bytes(device) + _held())
    )
    return Source(name, folder.name, task, folder)


def _local_folder(name: str) -> Path | None:
    """The folder of that path; a name that could also be the Hub's counts where config.json is in it."""
    try:
        folder = Path(name).expanduser()
        has_config, is_folder = (folder / "config.json").is_file(), folder.is_dir()
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a null byte
        return None
    if is_folder and not has_config and not hub.is_hub_id(name):
        raise MaskwiseError(f"{name} holds no config.json. Give the folder that a model was saved to.")
    return folder.resolve() if has_config else None


def _load(source: Source) -> LoadedModel:
    from explainers.core import loading

    with _loading_errors(source.name):
        counts = count_parameters(source.folder)
        device = memory.choose_device()
        dtype = memory.choose_dtype(counts, device)
        _make_room(source.name, counts, device)
        if source.name == BUILTIN[Task.CLASSIFICATION].id:
            from explainers.core.builtin_masked_lm import load_builtin_masked_lm

            model = load_builtin_masked_lm(source.folder).to(dtype)
        else:
            model = loading.read_model(source.name, source.folder, source.task, dtype)
        tokenizer = loading.read_tokenizer(source.name, source.folder, source.task)
        model = model.eval().requires_grad_(False).to(device)
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
