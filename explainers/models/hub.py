"""Models of the Hugging Face Hub: found in its local cache, else downloaded, as safetensors only."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, ModelInfo, constants, errors, snapshot_download
from huggingface_hub.utils import tqdm, validate_repo_id

from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.core.shared_work import Check
from explainers.models.checkpoint import (
    ADAPTER,
    CONVERT,
    INDEX,
    SINGLE,
    adapter_alone,
    is_complete,
    stored_bytes,
)

WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
TEXTS = (".json", ".txt", ".jinja", ".model")
CARD = "README.md"  # names the model that a quantized one was made from
POOLING = "1_Pooling/config.json"  # sentence encoders keep one setting in a folder
CONVERTER, CONVERSION = "SFconvertbot", "Adding `safetensors` variant of this model"
TIMEOUT = 10  # seconds for the first answer

CheckSize = Callable[[dict[str, int]], None]


def is_hub_id(name: str) -> bool:
    """Whether a model of the Hub may have that name."""
    try:
        validate_repo_id(name)
    except errors.HFValidationError:
        return False
    return name.isascii()


def cached_folder(name: str) -> Path | None:
    """A complete snapshot in the Hub's local cache: the one of its main branch, else the newest."""
    repository = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    try:
        main = (repository / "refs" / "main").read_text().strip()
    except OSError:
        main = ""
    newest_first = sorted(repository.glob("snapshots/*"), key=lambda folder: -folder.stat().st_mtime)
    main_first = sorted(newest_first, key=lambda folder: folder.name != main)
    return next(filter(is_complete, main_first), None)


def download_folder(
    name: str, check_size: CheckSize = lambda counts: None, check: Check = lambda: None
) -> Path:
    """The model's folder in the Hub's local cache, downloaded if need be. The folder's name is the commit.

    check_size is called with the number of values by dtype before a download, and may refuse it by raising.
    check: called for every piece that arrives, and may end the download by raising.
    """
    if folder := cached_folder(name):
        return folder
    token = _token(name)
    api = HfApi(token=token)
    with _hub_errors(name):
        revision, info = _with_safetensors(api, name)
        files = [file.rfilename for file in info.siblings or () if _is_wanted(file.rfilename)]
        if "config.json" not in files:
            raise MaskwiseError(
                f"{name} has no config.json, so it is not a language model of transformers. Choose another."
            )
        if info.safetensors:
            check_size(info.safetensors.parameters)
            _check_disk(name, info.safetensors.parameters)
        bar = _checked_bar(check)
        downloaded = snapshot_download(
            name, revision=revision, allow_patterns=files, tqdm_class=bar, token=token
        )
    return Path(downloaded)


def _token(name: str) -> bool | None:
    """None for the owner's token, where there is one; False where a stranger chose the model."""
    here = deployment()
    return None if not here.public or here.is_listed(name) else False


def _check_disk(name: str, counts: dict[str, int]) -> None:
    """Raise MaskwiseError where the weights would not fit beside what has been downloaded already."""
    cache, needed = Path(constants.HF_HUB_CACHE), stored_bytes(counts)
    cache.mkdir(parents=True, exist_ok=True)
    free, bound = shutil.disk_usage(cache).free, deployment().disk_gb
    if bound is not None:
        files = (file for file in cache.rglob("*") if file.is_file() and not file.is_symlink())
        free = min(free, int(bound * 1e9) - sum(file.stat().st_size for file in files))
    if needed > free:
        raise MaskwiseError(
            f"There is no room on the disk for {name}: it takes {needed / 1e9:.1f} GB, and "
            f"{max(free, 0) / 1e9:.1f} GB are free. Choose a model that is at hand."
        )


def _checked_bar(check: Check) -> type[tqdm]:
    """A progress bar, the Hub library's only call to the outside, that calls `check` at each step."""

    class CheckedBar(tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            check()
            return super().update(n)

    return CheckedBar


def _is_wanted(file: str) -> bool:
    at_root = "/" not in file and (WEIGHTS.fullmatch(file) or file.endswith(TEXTS))
    return bool(at_root) or file in (POOLING, CARD)


def _with_safetensors(api: HfApi, name: str) -> tuple[str | None, ModelInfo]:
    """The main branch, or the Hub's own conversion of it where that alone has safetensors."""

    def described(revision: str | None = None) -> ModelInfo:
        return api.model_info(
            name, revision=revision, expand=["siblings", "safetensors", "sha"], timeout=TIMEOUT
        )

    info = described()
    if _has_safetensors(info):
        return None, info
    if any(file.rfilename == ADAPTER for file in info.siblings or ()):
        raise adapter_alone(name, "")
    for pull in api.get_repo_discussions(name, author=CONVERTER, discussion_type="pull_request"):
        if pull.author == CONVERTER and pull.title == CONVERSION and pull.status == "open":
            info = described(pull.git_reference)
            if _has_safetensors(info):
                return pull.git_reference, info
    raise MaskwiseError(
        f"{name} has no weights as safetensors, the only format that Maskwise loads. Choose a model that has "
        f"them, or convert this one ({CONVERT}) and give its folder."
    )


def _has_safetensors(info: ModelInfo) -> bool:
    return any(file.rfilename in (SINGLE, INDEX) for file in info.siblings or ())


@contextmanager
def _hub_errors(name: str) -> Iterator[None]:
    """Turn what the Hub's library raises into words that name the fix."""
    try:
        yield
    except errors.GatedRepoError as error:
        raise MaskwiseError(
            f"{name} is gated: accept its terms at {constants.ENDPOINT}/{name}, then set HF_TOKEN to a token "
            "of that account and start Maskwise again."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise MaskwiseError(
            f"There is no model {name} on the Hub, or it is private. Check the spelling (owner/name); for a "
            "private model set HF_TOKEN."
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise MaskwiseError(f"The Hub answered {status} for {name}. Try again in a few minutes.") from error
    except (errors.LocalEntryNotFoundError, httpx2.HTTPError, ConnectionError, TimeoutError) as error:
        raise MaskwiseError(
            f"{name} is not on this machine, and the Hub cannot be reached. Connect to the network (and "
            "unset HF_HUB_OFFLINE), choose a model that is at hand, or give the path of a local folder."
        ) from error
    except OSError as error:
        raise MaskwiseError(
            f"{name} could not be saved ({error.strerror or type(error).__name__}). Free some space on the "
            "disk, or set HF_HOME to another folder."
        ) from error
