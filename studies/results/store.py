"""A study's rows on disk: one Parquet file per part, written whole or not at all, in a folder per settings.

FOLDER/STUDY-DIGEST/study.json       the settings, and how they depart from the published ones
FOLDER/STUDY-DIGEST/rows/PART.parquet
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explainers.core.errors import MaskwiseError
from studies.declarations import make_study
from studies.departures import departures
from studies.study import AnyStudy
from studies.units import Unit

if TYPE_CHECKING:
    import pandas

ABOUT = ("digest", "departures", "versions")
SETTINGS, ROWS, SUFFIX = "study.json", "rows", ".parquet"
DIGEST = b"maskwise_settings"
KEYS = {"data": "str", "prompt": "int", "seed": "int", "condition": "int", "text": "str", "label": "int"}
FOUND = {"method": "str", "k": "int", "request": "str", "explanation": "str", "refused": "str"}
Row = dict[str, Any]


class Store:
    """The rows of one study under one set of settings. digest: of settings and texts."""

    def __init__(self, folder: Path, study: AnyStudy, digest: str):
        self.study, self.digest = study, digest
        self.folder = folder / f"{study.name}-{digest}"

    def begin(self, published: AnyStudy, versions: dict[str, str]) -> None:
        """Make the folder and write the settings; half-written files of a run that was cut off go."""
        with writing(self.folder):
            (self.folder / ROWS).mkdir(parents=True, exist_ok=True)
            for left in (self.folder / ROWS).glob("*.partial"):
                left.unlink(missing_ok=True)
        about = {
            "digest": self.digest,
            "study": self.study.model_dump(),
            "departures": departures(self.study, published),
            "versions": versions,
        }
        write_whole(self.folder / SETTINGS, json.dumps(about, indent=1, ensure_ascii=False).encode())

    def done(self) -> set[str]:
        """Names of the parts that are there."""
        return {path.name.removesuffix(SUFFIX) for path in (self.folder / ROWS).glob(f"*{SUFFIX}")}

    def write(self, unit: Unit, rows: Iterable[Row]) -> None:
        """All rows of a part, at once."""
        import pyarrow
        import pyarrow.parquet as parquet

        item = unit.item
        keys = {"data": unit.data, "prompt": item.number, "seed": unit.seed, "condition": unit.condition}
        keys |= {"text": item.text, "label": item.label}
        table = pyarrow.Table.from_pylist([keys | row for row in rows], self._schema())
        content = pyarrow.BufferOutputStream()
        parquet.write_table(table, content, compression="zstd")
        write_whole(self.folder / ROWS / f"{unit.name}{SUFFIX}", content.getvalue().to_pybytes())

    def read(self) -> pandas.DataFrame:
        """All rows, sorted. Raises MaskwiseError where they do not belong together."""
        return read_rows(self.folder, self.digest)

    def _schema(self):
        import pyarrow

        types = {"str": pyarrow.string(), "int": pyarrow.int64()}
        columns = [(name, types[kind]) for name, kind in (KEYS | FOUND).items()]
        columns += [(name, pyarrow.float64()) for name in self.study.MEASURES]
        columns += [(name, pyarrow.list_(pyarrow.float64())) for name in self.study.CURVES]
        return pyarrow.schema(columns, metadata={DIGEST: self.digest.encode()})


def read_settings(folder: Path) -> tuple[AnyStudy, dict[str, Any]]:
    """The study of a results folder and all that its file says. Raises MaskwiseError."""
    try:
        about = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        return make_study(about["study"]), {name: about[name] for name in ABOUT}
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise MaskwiseError(
            f"{folder.name} holds no study that can be read. Name the folder that {SETTINGS} lies in, "
            "written by this version of Maskwise."
        ) from error


def read_rows(folder: Path, digest: str) -> pandas.DataFrame:
    """Rows of a results folder, sorted. Raises MaskwiseError for a damaged part or one of other settings."""
    import pandas
    import pyarrow
    import pyarrow.parquet as parquet

    tables = []
    for path in sorted((folder / ROWS).glob(f"*{SUFFIX}")):
        try:
            table = parquet.read_table(path)
        except (pyarrow.ArrowException, OSError) as error:
            raise MaskwiseError(f"{path.name} is damaged. Remove it, and run the study again.") from error
        if ((table.schema.metadata or {}).get(DIGEST) or b"").decode(errors="replace") != digest:
            raise MaskwiseError(f"{path.name} comes from other settings than {folder.name}. Remove it.")
        tables.append(table)
    if not tables:
        raise MaskwiseError(f"{folder.name} has no rows yet. Run the study first.")
    try:
        frame = pyarrow.concat_tables(tables).to_pandas()
    except pyarrow.ArrowException as error:
        raise MaskwiseError(
            f"The rows of {folder.name} come from several versions of Maskwise. Remove the folder, and run "
            "the study again."
        ) from error
    assert isinstance(frame, pandas.DataFrame)
    return frame.sort_values(["data", "condition", "seed", "prompt"], kind="stable", ignore_index=True)


def write_whole(path: Path, content: bytes) -> None:
    """The file is either as it was or as it shall be, whatever happens in between. Raises MaskwiseError."""
    with writing(path.parent):
        try:
            _replace(path, content)
        except FileNotFoundError:  # another run of the same study took it for one that was cut off
            _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # or the name may outlive a power cut that the content does not
    os.replace(partial, path)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raises MaskwiseError where the disk is full or the folder may not be written."""
    try:
        yield
    except OSError as error:
        raise MaskwiseError(
            f"{folder} cannot be written: {error.strerror or error}. What is done is kept. Mend that, and "
            "the same command goes on."
        ) from error
