"""Rows of a data set: from a JSONL, CSV or Parquet file, or from the Hugging Face Hub."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from explainers.core.errors import MaskwiseError, for_the_page
from explainers.text.tasks import find_task
from studies.study import FILES, AnyStudy, DataSet


@dataclass(frozen=True)
class Item:
    """A prompt or a text. number: its row in the data. label: number of its class, from 0."""

    number: int
    text: str
    label: int | None = None


def chosen_items(study: AnyStudy, data: DataSet) -> list[Item]:
    """The prompts or texts of a data set that the study takes. Raises MaskwiseError for none."""
    rows = islice(read_rows(data, data.split), data.first or None)
    fitting = [item for item in _items(data, rows) if _fits(study, item.text)]
    if not fitting:
        words = f" of {study.least_words} to {study.most_words or 'any number of'} words"
        raise MaskwiseError(f"{data.name} has no text{words}. Change least_words or most_words, or the data.")
    count = min(study.limit or len(fitting), len(fitting))
    if study.draw == "first":
        return fitting[:count]
    return random.Random(0).sample(fitting, count)


def training_items(data: DataSet) -> list[Item]:
    """The labelled texts that few-shot examples are drawn from."""
    return list(_items(data, read_rows(data, data.training)))


def read_rows(data: DataSet, split: str) -> Iterator[dict]:
    """Rows of the data's source: of its split on the Hub, or of the file.

    split: or a file of its own, in the place of the source.
    """
    source = split if split.endswith(FILES) else data.source
    if source.endswith(FILES):
        return _file_rows(Path(source))
    return _hub_rows(source, data.subset, split)


def _items(data: DataSet, rows: Iterator[dict]) -> Iterator[Item]:
    for number, row in enumerate(rows):
        if missing := [name for name in [*data.text, *filter(None, [data.label])] if name not in row]:
            raise MaskwiseError(
                f"{data.name} has no column {missing[0]!r}; it has: {', '.join(map(str, row))}. Name its "
                "columns with --text and --label."
            )
        text = " ".join(str(row[name]).strip() for name in data.text if row[name]).strip()
        if text:
            yield Item(number, text, _label(data, row[data.label]) if data.label else None)


def _label(data: DataSet, value: object) -> int:
    """The number of a class from its number or its name."""
    labels = find_task(data.task).labels
    if isinstance(value, str) and value in labels:
        return labels.index(value)
    try:
        label = int(value) - data.first_label  # type: ignore[call-overload]
    except (TypeError, ValueError):
        label = -1
    if not 0 <= label < len(labels):
        raise MaskwiseError(
            f"{data.name} has the label {value!r:.40}, which is no class of {data.task}: {', '.join(labels)}."
        )
    return label


def _fits(study: AnyStudy, text: str) -> bool:
    words = len(text.split())
    return study.least_words <= words and (not study.most_words or words <= study.most_words)


def _file_rows(path: Path) -> Iterator[dict]:
    if not path.is_file():
        raise MaskwiseError(f"There is no file {path.name}. Give another with --data.")
    try:
        yield from {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}[path.suffix](path)
    except (ValueError, csv.Error) as error:
        if isinstance(error, MaskwiseError):
            raise
        raise MaskwiseError(f"{path.name} cannot be read: {error}.") from error


def _jsonl(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise MaskwiseError(f"{path.name} must hold an object per line.")
                yield row


def _csv(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _parquet(path: Path) -> Iterator[dict]:
    import pyarrow.parquet as parquet

    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield from batch.to_pylist()


def _hub_rows(name: str, subset: str, split: str) -> Iterator[dict]:
    try:
        from datasets import load_dataset
    except ImportError:
        raise MaskwiseError(
            f"{name} lies on the Hub, which needs datasets: pip install -r requirements-studies.txt. Or give "
            "a file with --data NAME=FILE."
        ) from None
    try:
        yield from load_dataset(name, subset or None, split=split)
    except Exception as error:  # of the network, the Hub or a file there
        reason = for_the_page((str(error).strip() or type(error).__name__).splitlines()[0])[:300]
        raise MaskwiseError(
            f"{name} could not be had from the Hub ({reason}). Try again, or give a file with --data."
        ) from error
