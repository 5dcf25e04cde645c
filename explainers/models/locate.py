"""Where a model is: in an installed package, then on this machine (a given folder, the Hub's cache), then on
the Hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError, shown
from explainers.core.shared_work import Check
from explainers.core.types import Task
from explainers.models import builtin, builtin_masked_lm, hub
from explainers.models.catalogue import BUILTIN, is_allowed
from explainers.models.checkpoint import (
    SINGLE,
    adapted_model,
    adapter_alone,
    combined_sha256,
    fingerprint,
)
from explainers.models.hub import CheckSize


@dataclass(frozen=True)
class Source:
    """Where a model was found: a folder with weights, and for which version of them it stands.

    may_change: whether somebody may write to the folder while the model is in use.
    """

    name: str
    revision: str
    task: Task
    folder: Path
    may_change: bool = False

    @property
    def title(self) -> str:
        """What messages call it."""
        return title_of(self.name)


def title_of(name: str) -> str:
    """What messages call the model of that name: a folder goes by its own name, without the path."""
    return Path(name).name if Path(name).is_absolute() else name


def find_model(name: str, task: Task, check_size: CheckSize, check: Check = lambda: None) -> Source:
    """The model's folder, downloaded where it is nowhere else, unless check_size refuses that by raising.

    check: called while it is downloaded; may end that by raising.
    """
    name = name.strip()
    if not is_allowed(name, task):
        raise MaskwiseError(f"{shown(name)} is not offered here. Choose one of the menu.")
    if name in ("", BUILTIN[task].id):
        return _find_builtin(task, check_size, check)
    if deployment().allows_folders() and (folder := _local_folder(name)):
        return Source(str(folder), f"files {fingerprint(folder)}", task, folder, may_change=True)
    if not hub.is_hub_id(name):
        raise MaskwiseError(
            f"{shown(name)} is neither a folder on this machine nor a model of the Hub. Give a name such as "
            f"{BUILTIN[task].id}, or the path of a folder with config.json and model.safetensors."
        )
    return _find_on_hub(name, task, check_size, check)


def _find_builtin(task: Task, check_size: CheckSize, check: Check) -> Source:
    name = BUILTIN[task].id
    if task is Task.CLASSIFICATION:
        revision = combined_sha256(sorted(builtin_masked_lm.WEIGHTS.glob("*.safetensors")))[:12]
        return Source(name, revision, task, builtin.sentence_encoder_folder())
    if folder := builtin.smollm2_folder():
        return Source(name, f"{builtin.SMOLLM2.file} {builtin.SMOLLM2.sha256[:12]}", task, folder)
    return _find_on_hub(name, task, check_size, check)


def _find_on_hub(name: str, task: Task, check_size: CheckSize, check: Check) -> Source:
    folder = hub.download_folder(name, check_size, check)
    return Source(name, folder.name, task, folder)


def _local_folder(name: str) -> Path | None:
    """The folder of that path; a name that could also be the Hub's counts where config.json is in it."""
    try:
        folder = Path(name).expanduser()
        has_config, is_folder, is_file = (folder / "config.json").is_file(), folder.is_dir(), folder.is_file()
    except (OSError, RuntimeError, ValueError):  # too long, no such user, a null byte
        return None
    if is_file and not hub.is_hub_id(name):
        raise MaskwiseError(
            f"{folder.name} is a file. Give the folder that a model was saved to, with its config.json and "
            f"{SINGLE}."
        )
    if is_folder and not has_config and (base := adapted_model(folder)) is not None:
        raise adapter_alone(folder.name, base)
    if is_folder and not has_config and not hub.is_hub_id(name):
        raise MaskwiseError(f"{folder.name} holds no config.json. Give the folder that a model was saved to.")
    return folder.resolve() if has_config else None
