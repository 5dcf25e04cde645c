"""What the measurements share: prompts, answers, the machine, and medians with their spread."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import psutil
import torch

from explainers.core.errors import MaskwiseError
from explainers.core.types import Prompt, Task
from explainers.models.held import load_model
from explainers.models.loaded import LoadedModel
from explainers.targets.answers.decoding import greedy_tokens
from explainers.targets.causal.token_inputs import TokenInputs
from explainers.targets.response import ResponseTarget
from explainers.text.prompts import render_prompt

HERE = Path(__file__).parent
RESULTS = HERE / "results"
OWN_PROMPTS = HERE / "prompts.jsonl"
DATA = HERE.parent / "data"
FIELDS = ("prompt", "instruction", "text")  # that hold a line's text
LIBRARIES = ("torch", "transformers", "captum")

clock: Callable[[], float] = perf_counter  # wall time; see measure_on_a_busy_machine


@dataclass(frozen=True)
class Setting:
    """model: as for load_model. data: where prompts come from; see `read_prompts`. repeat: how often a
    measurement is repeated, after one to warm up. before: folder of an earlier version, to compare with."""

    model: str = ""
    data: str = ""
    repeat: int = 5
    before: str = ""

    def load(self) -> LoadedModel:
        return load_model(self.model, Task.GENERATION)

    def texts(self) -> list[str]:
        return read_prompts(self.data)


@dataclass(frozen=True)
class Answered:
    """A prompt with the model's own answer."""

    loaded: LoadedModel
    prompt: Prompt
    response_ids: tuple[int, ...]

    def target(self, **settings) -> ResponseTarget:
        """A fresh target, with an empty memory."""
        return ResponseTarget(self.loaded, self.prompt, self.response_ids, **settings)


def answer(loaded: LoadedModel, text: str, max_new_tokens: int, granularity: str = "word") -> Answered:
    prompt = render_prompt(loaded.tokenizer, text, granularity)
    ids = torch.tensor([prompt.input_ids], device=loaded.device)
    embeds = TokenInputs(loaded.model).of(ids)  # (1, L, d + e)
    return Answered(loaded, prompt, tuple(greedy_tokens(loaded, embeds, max_new_tokens)))


def read_prompts(source: str) -> list[str]:
    """Prompts of a folder's JSONL files (its own, or those in `generation/`) in turn, of one JSONL file, or
    of a Hub dataset's JSONL files. Without a source: the folder `data` if there is one, else a few of ours.

    A line holds "prompt" (or "instruction", or "text").
    """
    source = (
        source or os.environ.get("MASKWISE_DATA", "") or (str(DATA) if DATA.is_dir() else str(OWN_PROMPTS))
    )
    path = Path(source)
    if path.is_dir():
        folder = path / "generation" if (path / "generation").is_dir() else path
        files = sorted(folder.glob("*.jsonl"))
    else:
        files = [path] if path.is_file() else _hub_files(source)
    if not files:
        raise MaskwiseError(
            f"{source} holds no JSONL files. Give a folder, a file or a Hub dataset that does."
        )
    columns = [[_text(file, line) for line in file.open(encoding="utf-8")] for file in files]
    return [column[row] for row in range(max(map(len, columns))) for column in columns if row < len(column)]


def words_of(texts: list[str], count: int) -> str:
    """The first text of `count` words; else so many words of all texts in turn, again and again."""
    exact = next((text for text in texts if len(text.split()) == count), None)
    return exact or " ".join(islice(cycle(" ".join(texts).split()), count))


def _text(file: Path, line: str) -> str:
    row = json.loads(line)
    for name in FIELDS:
        if name in row:
            return row[name]
    raise MaskwiseError(
        f"{file.name} has a line of {', '.join(row)}: name its text one of {', '.join(FIELDS)}."
    )


def _hub_files(name: str) -> list[Path]:
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(name, repo_type="dataset", allow_patterns="*.jsonl"))
    return sorted(folder.rglob("*.jsonl"))


def answered(
    setting: Setting,
    loaded: LoadedModel,
    spans: range,
    max_new_tokens: int,
    least_tokens: int = 8,
    granularity: str = "word",
) -> Iterator[Answered]:
    """Prompts whose number of spans is in `spans`, with answers of at least `least_tokens` tokens."""
    for text in setting.texts():
        if len(render_prompt(loaded.tokenizer, text, granularity).spans) in spans:
            found = answer(loaded, text, max_new_tokens, granularity)
            if len(found.response_ids) >= least_tokens:
                yield found


def synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure_on_a_busy_machine() -> None:
    """From now on use one thread, and take its processor time for the time: what others run counts little."""
    global clock
    clock = process_time
    torch.set_num_threads(1)


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What `work` returns, and how long it took, in seconds."""
    synchronize()
    started = clock()
    result = work()
    synchronize()
    return result, clock() - started


def seconds(work: Callable[[], object], repeat: int, warm_up: int = 1) -> list[float]:
    """How long `work` took each time, in seconds."""
    return [timed(work)[1] for _ in range(warm_up + repeat)][warm_up:]


def spread(values: list[float]) -> dict:
    """Median and range of repeated measurements."""
    return {"median": median(values), "least": min(values), "most": max(values), "n": len(values)}


def shown(values: dict, digits: int = 2) -> str:
    return f"{values['median']:.{digits}f} ({values['least']:.{digits}f} – {values['most']:.{digits}f})"


def machine() -> dict:
    """Kind of hardware and versions of libraries; no names of hosts or people."""
    features = [name for name in ("avx512_bf16", "amx_bf16") if torch.cpu.get_capabilities().get(name)]
    return {
        "cpu": torch.cpu.get_capabilities().get("cpu_name") or platform.machine(),
        "cores": psutil.cpu_count(logical=False),
        "threads": torch.get_num_threads(),
        "bfloat16": features,
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "load": os.getloadavg()[0],
        "time": "wall" if clock is perf_counter else "processor",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


@cache
def matmul_flops(dtype: torch.dtype, rows: int, inner: int, outer: int, device: str) -> float:
    """FLOP/s of the matrix product (rows, inner) × (inner, outer), the median of seven."""
    left = torch.randn(rows, inner, device=device).to(dtype)
    right = torch.randn(outer, inner, device=device).to(dtype)
    times = seconds(lambda: torch.nn.functional.linear(left, right), 7, warm_up=2)
    return 2 * rows * inner * outer / median(times)
