"""The results folder that MASKWISE_RESULTS names: which studies it holds, and what their rows say.

What lies there is no more trusted than a file that somebody loads: it is bounded, checked and shown as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from components.sharing.records import read_record
from explainers import EXPLAINERS
from explainers.core.deployment import deployment
from explainers.core.errors import MaskwiseError
from explainers.reports.record import VERSION
from studies.results.report import Report, read_report
from studies.results.store import ROWS, SETTINGS

MOST_STUDIES, MOST_PROMPTS, MOST_MB = 200, 2_000, 500
SHOWN = 80  # characters of a prompt in a menu
PREDICTION = ("rendered", "pieces", "labels", "predicted", "label", "notes")


def studies() -> list[str]:
    """Names of the folders that hold a study, the latest first."""
    folder = Path(deployment().results)
    found = [path.parent for path in folder.glob(f"*/{SETTINGS}")] if folder.is_dir() else []
    return [path.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)][:MOST_STUDIES]


def open_study(name: str) -> Report:
    """Raises MaskwiseError where there is no such study, or it cannot be read."""
    if name not in studies():
        raise MaskwiseError("There is no such study in the results folder. Choose another.")
    folder = Path(deployment().results) / name
    files = list((folder / ROWS).glob("*.parquet"))
    if (size := sum(file.stat().st_size for file in files)) > MOST_MB * 1e6:
        raise MaskwiseError(
            f"This study has {size / 1e6:,.0f} MB of rows; at most {MOST_MB} MB are opened here. "
            "Read them with pandas, as docs/studies.md shows."
        )
    return _read(folder, len(files), size)


@lru_cache(maxsize=4)
def _read(folder: Path, files: int, size: int) -> Report:
    """files, size: of its rows, so that a study that goes on is read anew."""
    with readable(folder.name):
        return read_report(folder)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Raises MaskwiseError where rows of that study are not as Maskwise writes them."""
    try:
        yield
    except MaskwiseError:
        raise
    except ImportError:
        raise MaskwiseError("Results need pyarrow: pip install -r requirements-studies.txt.") from None
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MaskwiseError(
            f"The rows of {name} cannot be read ({type(error).__name__}). Choose another study, or "
            "remove this folder and run it again."
        ) from error


@dataclass(frozen=True)
class Choice:
    """An entry of a menu: what is shown, and the value behind it."""

    shown: str
    value: str


def prompts(report: Report) -> list[Choice]:
    """The prompts of a study. value: data set and number."""
    rows = report.rows.drop_duplicates(["data", "prompt"]).head(MOST_PROMPTS)
    return [
        Choice(f"{row.data} {row.prompt}: {str(row.text)[:SHOWN]}", f"{row.data}\n{row.prompt}")
        for row in rows.itertuples()
    ]


def explanations(report: Report, prompt: str) -> list[Choice]:
    """The explanations of one prompt. value: number of the row."""
    data, _, number = prompt.partition("\n")
    rows = report.rows
    own = rows[(rows["data"] == data) & (rows["prompt"].astype(str) == number) & rows["refused"].isna()]
    several = [name for name in ("k", "seed", "condition") if own[name].nunique() > 1]
    found = []
    for row in own.head(MOST_PROMPTS).itertuples():
        title = EXPLAINERS[row.method].title if row.method in EXPLAINERS else str(row.method)
        parts = [
            title,
            *(f"{name} {getattr(row, name)}" for name in ("k", "seed", "condition") if name in several),
        ]
        found.append(Choice(", ".join(parts), str(row.Index)))
    return found


def events_of(report: Report, row: str) -> list[dict[str, Any]]:
    """Events that show the explanation of a row again, checked as a file that is loaded."""
    if not row.isdecimal() or int(row) >= len(report.rows):
        raise MaskwiseError("This study has no such row. Choose another.")
    try:
        explanation = json.loads(report.rows["explanation"][int(row)])
        events = [_first_event(report.study.task, explanation), explanation]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise MaskwiseError("This row holds no explanation that can be shown. Choose another.") from error
    record = {"maskwise": VERSION, "tab": report.study.task, "events": events}
    return read_record(json.dumps(record), report.study.task)["events"]


def _first_event(task: str, explanation: dict) -> dict:
    """The event that a record begins with, of what the explanation repeats of it."""
    if task == "classification":
        return {"type": "prediction"} | {name: explanation[name] for name in PREDICTION}
    spans = [{name: span[name] for name in ("text", "start", "end")} for span in explanation["spans"]]
    return {"type": "prompt", "spans": spans, "log_prob": explanation["log_prob"], "passes": 0}
