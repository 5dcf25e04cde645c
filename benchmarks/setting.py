"""What is measured on: a model, and prompts with its answers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

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
