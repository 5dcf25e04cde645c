"""Loading language models and keeping them in memory.

Weights are read from safetensors alone, and no code that comes with a model is ever run.
"""

from __future__ import annotations

import gc
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from threading import Lock
from weakref import WeakValueDictionary

from explainers.core.deferred_torch import torch
from explainers.core.errors import MaskwiseError, Stopped, for_the_page
from explainers.core.shared_work import Check, SharedWork
from explainers.core.types import Task
from explainers.models import builtin, memory
from explainers.models.builtin_masked_lm import load_builtin_masked_lm
from explainers.models.catalogue import BUILTIN
from explainers.models.checkpoint import READING, count_parameters
from explainers.models.copies.variants import bytes_of_copies
from explainers.models.loaded import LoadedModel
from explainers.models.locate import Source, find_model


@dataclass(frozen=True)
class Wanted:
    """Which model to load, and how: dtype is None for what suits the device."""

    name: str
    task: Task
    device: torch.device
    dtype: torch.dtype | None


@dataclass(frozen=True)
class Kept:
    """What a model in memory was made from."""

    source: Source
    device: torch.device
    dtype: torch.dtype | None


kept_models: OrderedDict[Kept, LoadedModel] = OrderedDict()  # least recently used first
_underway: WeakValueDictionary[Wanted, SharedWork[LoadedModel]] = WeakValueDictionary()
_reserved: dict[Kept, int] = {}  # bytes that loads under way will take
_lock = Lock()  # of the three above; never held while something is downloaded or read


def _after_fork() -> None:
    """What other threads were at is not going on in the new process."""
    _underway.clear()
    for lock in (_lock, READING):
        lock._at_fork_reinit()  # type: ignore[attr-defined]  # as the standard library does


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def load_model(
    name: str,
    task: Task,
    check: Check = lambda: None,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
) -> LoadedModel:
    """The model of that Hub id or local folder; "" is the built-in one. Kept in memory, may be shared.

    check: called again and again while the model is downloaded and read; where it raises Stopped, this
    caller waits no longer, and a download that nobody waits for ends. device: such as "cuda:1"; where it is
    not given, MASKWISE_DEVICE or the fastest there is. dtype: such as "bfloat16"; where it is not given, what
    suits device and weights. Raises MaskwiseError, whose message names the fix, where the model cannot be
    found, trusted or held.
    """
    wanted = Wanted(name.strip(), task, memory.choose_device(device), memory.read_dtype(dtype))
    with _lock:
        work = _underway.get(wanted)
        if work is None or not work.join():
            work = _underway[wanted] = SharedWork(lambda given_up: _find_and_load(wanted, given_up))
    return work.wait(check)


def download_model(name: str, task: Task, check: Check = lambda: None) -> tuple[str, str]:
    """Name and revision of a model whose files then are on this machine; they are not read. check, errors: as
    of load_model."""
    source = find_model(name, task, lambda counts: memory.check_bound(name, counts), check)
    return source.name, source.revision


def builtin_version(name: str, task: Task) -> tuple[str, str] | None:
    """Name and revision of the built-in model where it is that and in an installed package; nothing is
    loaded."""
    return _builtin_version(task) if name.strip() in ("", BUILTIN[task].id) else None


@cache
def _builtin_version(task: Task) -> tuple[str, str] | None:
    if task is Task.GENERATION and builtin.SMOLLM2.path() is None:
        return None
    source = find_model("", task, check_size=lambda counts: None)
    return source.name, source.revision


def _find_and_load(wanted: Wanted, check: Check) -> LoadedModel:
    def check_size(counts: dict[str, int]) -> None:
        memory.check_bound(wanted.name, counts)
        needed = memory.needed_bytes(counts, wanted.dtype or memory.choose_dtype(counts, wanted.device))
        memory.check_limit(wanted.name, needed)
        free = memory.available_bytes(wanted.device) + held_bytes()
        memory.check_fits(wanted.name, needed, wanted.device, free)

    source = find_model(wanted.name, wanted.task, check_size, check)
    key = Kept(source, wanted.device, wanted.dtype)
    with _lock:
        loaded = kept_models.get(key)
    if loaded is None:
        loaded = _load(key)
    with _lock:
        loaded = kept_models.setdefault(key, loaded)
        kept_models.move_to_end(key)
    return loaded


def _load(key: Kept) -> LoadedModel:
    from explainers.models import loading

    source = key.source
    with _loading_errors(source.title):
        counts = count_parameters(source.folder)
        dtype = key.dtype or memory.choose_dtype(counts, key.device)
        needed = memory.needed_bytes(counts, dtype)
        if source.name != BUILTIN[source.task].id:
            memory.check_bound(source.title, counts)
            memory.check_limit(source.title, needed)
        with _room_for(key, needed):
            if source.name == BUILTIN[Task.CLASSIFICATION].id:
                model = load_builtin_masked_lm(source.folder).to(key.device, dtype)  # type: ignore[arg-type]
            else:
                places = memory.device_map(needed, key.device)
                model = loading.read_model(source.title, source.folder, source.task, dtype, places)
            tokenizer = loading.read_tokenizer(source.title, source.folder, source.task)
            model = model.eval().requires_grad_(False)
            if source.may_change:  # weights mapped from a file that is cut short would end the process
                for tensor in (*model.parameters(), *model.buffers()):
                    tensor.data = tensor.data.clone()
    device = model.get_input_embeddings().weight.device
    others = memory.other_gpus(model, key.device)
    return LoadedModel(source.name, source.revision, source.task, model, tokenizer, device, dtype, others)


@contextmanager
def _loading_errors(name: str) -> Iterator[None]:
    """Whatever transformers raises on files that it cannot read becomes one sentence for the person."""
    try:
        yield
    except (MaskwiseError, Stopped):
        raise
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise MaskwiseError(f"{name} is too large for the free memory. Choose a smaller model.") from error
    except Exception as error:
        outside = isinstance(error, OSError | ImportError)  # of the disk or a library, for people to mend
        reason = f" ({for_the_page(' '.join(str(error).split()))[:300]})" if outside else ""
        raise MaskwiseError(
            f"{name} could not be loaded{reason}. Its files may be damaged: download or save it again, or "
            "choose another model."
        ) from error


@contextmanager
def _room_for(key: Kept, needed: int) -> Iterator[None]:
    """Let go of models until the new one fits, and keep its place while it is read."""
    with _lock:
        _make_room(key, needed)
        _reserved[key] = needed
    try:
        yield
    finally:
        with _lock:
            _reserved.pop(key, None)


def _make_room(key: Kept, needed: int) -> None:
    """Let go of models until the new one fits, both into memory and into the bound on what is kept."""

    def available() -> int:
        return memory.available_bytes(key.device) - sum(_reserved.values())

    name = key.source.title
    # Else the others are lost in vain.
    memory.check_fits(name, needed, key.device, available() + held_bytes())
    bound = memory.keep_bytes(available(), held_bytes())
    while kept_models and (held_bytes() + needed > bound or memory.HEADROOM * needed > available()):
        kept_models.popitem(last=False)
        gc.collect()
        if key.device.type == "cuda":
            torch.cuda.empty_cache()
    memory.check_fits(name, needed, key.device, available())


def held_bytes() -> int:
    """Bytes of the weights of all models kept, and of their copies, such as those in another precision."""
    models = [kept.model for kept in list(kept_models.values())]
    weights = (weight for model in models for weight in model.parameters())
    return sum(weight.nbytes for weight in weights) + sum(map(bytes_of_copies, models))
