"""What a model folder holds, read from its safetensors headers: nothing is loaded, torch is not needed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from threading import Lock

from safetensors import SafetensorError, safe_open

from explainers.core.errors import MaskwiseError

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTER = "adapter_config.json"
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
FLOAT_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}  # by safetensors' names: converted when read
OTHER_BYTES = {"I64": 8, "U64": 8, "I32": 4, "U32": 4, "I16": 2, "U16": 2}  # one byte else
READING = Lock()  # one model at a time: transformers takes tie_weights away from all of them meanwhile
CONVERT = "transformers' save_pretrained writes them"


def is_complete(folder: Path) -> bool:
    """Whether configuration, tokenizer and every file of weights are there."""
    try:
        found = weight_files(folder)
    except MaskwiseError:
        return False
    tokenizer = any(any(folder.glob(name)) for name in TOKENIZERS)
    return tokenizer and (folder / "config.json").exists() and all(file.exists() for file in found)


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the weights, which may be missing; MaskwiseError where no safetensors are named."""
    if (folder / SINGLE).exists():
        return [folder / SINGLE]
    if not (folder / INDEX).exists():
        if (base := adapted_model(folder)) is not None:
            raise adapter_alone(folder.name, base)
        raise MaskwiseError(
            f"{folder.name} holds no safetensors weights ({SINGLE}), the only format that Maskwise loads. "
            f"Choose a model that has them, or convert this one ({CONVERT})."
        )
    try:
        index = json.loads((folder / INDEX).read_bytes())
        index["metadata"]  # transformers reads none without it
        shards = [folder / Path(shard).name for shard in sorted(set(index["weight_map"].values()))]
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        shards = []
    if not shards:
        raise MaskwiseError(f"{INDEX} is damaged. Download or save the model again.")
    return shards


def count_parameters(folder: Path) -> dict[str, int]:
    """Number of stored values by safetensors dtype, such as {"BF16": 134515008}."""
    counts: Counter[str] = Counter()
    for _, dtype, size in stored_tensors(folder):
        counts[dtype] += size
    return dict(counts)


def stored_tensors(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Of each stored tensor its name, safetensors dtype and number of values; MaskwiseError where a file is
    missing or damaged."""
    for file in weight_files(folder):
        try:
            with safe_open(file, framework="numpy") as tensors:
                for name in tensors.keys():  # noqa: SIM118
                    tensor = tensors.get_slice(name)
                    yield name, tensor.get_dtype(), prod(tensor.get_shape())
        except (OSError, SafetensorError):
            raise MaskwiseError(
                f"{file.name} is missing or damaged. Download or save the model again."
            ) from None


def adapted_model(folder: Path) -> str | None:
    """The model that a folder's adapter (PEFT) is for; "" where it does not say, None where there is none."""
    try:
        return str(json.loads((folder / ADAPTER).read_bytes())["base_model_name_or_path"] or "")
    except OSError:
        return None
    except (ValueError, KeyError, TypeError):
        return ""


def adapter_alone(name: str, base: str) -> MaskwiseError:
    """For an adapter in the place of a model. base: what it was trained on, "" where that is not known."""
    return MaskwiseError(
        f"{name} is an adapter (PEFT), not a whole model. Merge it into its model"
        f"{f' ({base})' if base else ''} with PEFT's merge_and_unload, save that with its tokenizer, and "
        "give its folder."
    )


def stored_bytes(counts: dict[str, int]) -> int:
    """Bytes of the weights as they are stored. counts: as `count_parameters` gives them."""
    sizes = OTHER_BYTES | FLOAT_BYTES
    return sum(count * sizes.get(dtype, 1) for dtype, count in counts.items())


def fingerprint(folder: Path) -> str:
    """Changes when a file of the folder was replaced; reads no contents, so it costs milliseconds."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    stats = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(stats).encode()).hexdigest()[:12]


def combined_sha256(files: list[Path]) -> str:
    return hashlib.sha256("".join(map(sha256, files)).encode()).hexdigest()


def sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
