"""Rows of a data set: from a JSONL, CSV or Parquet file, or from the Hugging Face Hub."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from explainers.core.errors import MaskwiseError, for_the_page, shown
from explainers.core.unicode import whole_characters
from explainers.text.tasks import find_task
from studies.progress import say
from studies.study import FILES, AnyStudy, DataSet

UTF_8 = "utf-8-sig"  # also as Excel writes it, with a mark before the first column's name
LONGEST_FIELD = 10_000_000  # characters of a CSV file's cell


@dataclass(frozen=True)
class Item:
    """A prompt or a text. number: its row in the data. label: number of its class, from 0."""

    number: int
    text: str
    label: int | None = None


def chosen_items(study: AnyStudy, data: DataSet) -> list[Item]:
    """The prompts or texts of a data set that the study takes. Raises MaskwiseError for none."""
    items = list(_items(data, islice(read_rows(data, data.split), data.first or None)))
    if not items:
        raise MaskwiseError(
            f"{data.name} has no texts: {named(data.source)} is empty, or its column is. Give other data, or "
            "name another column with --text."
        )
    fitting = [item for item in items if _fits(study, item.text)]
    if not fitting:
        counts = [len(item.text.split()) for item in items]
        raise MaskwiseError(
            f"{data.name} has no text of {study.least_words} to {study.most_words or 'any number of'} words: "
            f"its texts have {min(counts)} to {max(counts)}. Change --least-words or --most-words, or take "
            "other data."
        )
    count = min(study.limit or len(fitting), len(fitting))
    if study.draw == "first":
        return fitting[:count]
    return random.Random(0).sample(fitting, count)


def training_items(data: DataSet) -> list[Item]:
    """The labelled texts that few-shot examples are drawn from. Raises MaskwiseError for a class without."""
    items = list(_items(data, read_rows(data, data.training)))
    labels = find_task(data.task).labels
    there = {item.label for item in items}
    if missing := [name for number, name in enumerate(labels) if number not in there]:
        raise MaskwiseError(
            f"The texts that {data.name} is tuned on hold none of the class {missing[0]}. Name others with "
            "--training, or tune nothing: --set tuning.weights=none."
        )
    return items


def read_rows(data: DataSet, split: str) -> Iterator[dict]:
    """Rows of the data's source: of its split on the Hub, or of the file.

    split: or a file of its own, in the place of the source.
    """
    source = split if is_file(split) else data.source
    if is_file(source):
        return _file_rows(Path(source))
    return _hub_rows(source, data.subset, split)


def is_file(source: str) -> bool:
    """Whether it names a file, which need not be there, rather than data of the Hub."""
    return source.lower().endswith(FILES) or Path(source).is_file()


def named(source: str) -> str:
    """What messages call it: a file by its name alone, without its folder."""
    return Path(source).name if is_file(source) else source


def _items(data: DataSet, rows: Iterator[dict]) -> Iterator[Item]:
    """A row may lack a column of the text that another has, as lines of JSON do. Raises MaskwiseError where
    none has it."""
    there: list[str] = []
    unseen = set(data.text)
    for number, row in enumerate(rows):
        there = there or list(map(str, row))
        unseen -= row.keys()
        if data.label and data.label not in row:
            raise _no_column(data, data.label, there)
        text = " ".join(filter(None, (_text(data, name, row.get(name)) for name in data.text)))
        if text:
            yield Item(number, text, _label(data, row[data.label]) if data.label else None)
    if there and unseen:
        raise _no_column(data, min(unseen), there)


def _no_column(data: DataSet, name: str, there: list[str]) -> MaskwiseError:
    return MaskwiseError(
        f"{data.name} has no column {name!r}; it has: {', '.join(there)}. Name its columns with --text and "
        "--label."
    )


def _text(data: DataSet, column: str, value: object) -> str:
    if isinstance(value, list | dict | bytes):
        raise MaskwiseError(
            f"The column {column!r} of {data.name} holds no text: {shown(value)}. Name another with --text."
        )
    missing = value is None or value != value  # as NaN is
    return "" if missing else whole_characters(str(value)).strip()


def _label(data: DataSet, value: object) -> int:
    """The number of a class from its number or its name."""
    labels = find_task(data.task).labels
    if isinstance(value, str) and value in labels:
        return labels.index(value)
    try:
        label = float(value) - data.first_label  # type: ignore[arg-type]
    except (TypeError, ValueError):
        label = -1
    if label not in range(len(labels)):
        raise MaskwiseError(
            f"{data.name} has the label {shown(value)}, which is no class of {data.task}: "
            f"{', '.join(labels)}. Name another column with --label."
        )
    return int(label)


def _fits(study: AnyStudy, text: str) -> bool:
    words = len(text.split())
    return study.least_words <= words and (not study.most_words or words <= study.most_words)


def _file_rows(path: Path) -> Iterator[dict]:
    if not path.is_file():
        raise MaskwiseError(f"There is no file {path.name}. Give another with --data.")
    reader = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}.get(path.suffix.lower())
    if reader is None:
        raise MaskwiseError(f"{path.name} must be a JSONL, CSV or Parquet file, and be named so.")
    try:
        yield from reader(path)
    except MaskwiseError:
        raise
    except UnicodeDecodeError as error:
        raise MaskwiseError(f"{path.name} is not UTF-8 text. Save it as UTF-8.") from error
    except (ValueError, OSError, csv.Error) as error:  # of Parquet too, whose errors are of these kinds
        reason = for_the_page(str(error).strip() or type(error).__name__).splitlines()[0]
        raise MaskwiseError(
            f"{path.name} cannot be read: {reason.rstrip('.')}. Save it again, or give another file."
        ) from error


def _jsonl(path: Path) -> Iterator[dict]:
    with path.open(encoding=UTF_8) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = json.loads(line)
                except (json.JSONDecodeError, RecursionError):
                    row = None
                if not isinstance(row, dict):
                    raise MaskwiseError(
                        f"Line {number} of {path.name} is no JSON object. Write one per line."
                    )
                yield row


def _csv(path: Path) -> Iterator[dict]:
    csv.field_size_limit(LONGEST_FIELD)
    with path.open(encoding=UTF_8, newline="") as lines:
        reader = csv.DictReader(lines, strict=True)  # or a quote that is never closed swallows what follows
        for row in reader:
            if any(row.pop(None, [])):
                raise MaskwiseError(
                    f"Line {reader.line_num} of {path.name} has more cells than the first line has names. "
                    "Put texts that hold commas in quotes."
                )
            yield row


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
    say(f"Getting {name} from the Hub")
    try:
        yield from load_dataset(name, subset or None, split=split)
    except Exception as error:  # of the network, the Hub or a file there
        reason = for_the_page((str(error).strip() or type(error).__name__).splitlines()[0])[:300]
        raise MaskwiseError(
            f"{name} could not be had from the Hub ({reason}). Try again, or give a file, such as "
            "--data NAME=FILE.jsonl."
        ) from error
