"""A result as the text of a file: JSON to load again, CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable

from explainers.core.errors import MaskwiseError
from explainers.reports.record import explanation_of

BOM = "\ufeff"  # without it, Excel reads a file as Latin text
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # a cell that begins so is computed


def record_json(record: dict) -> str:
    """The complete record; raises MaskwiseError where a number of it is none."""
    try:
        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise MaskwiseError(
            "This result holds a number that is not finite, which no file can keep. Run it on another model "
            "or with other settings."
        ) from error


def explanation_csv(record: dict) -> str:
    """One row per span of the record's explanation."""
    rows = [
        [index, _guard(span["text"]), span["start"], span["end"], span["score"], _truth(span["removed"])]
        for index, span in enumerate(explanation_of(record)["spans"])
    ]
    return _csv(["index", "text", "start", "end", "score", "removed"], rows)


def comparison_csv(record: dict) -> str:
    """One row per method of the record's comparison."""
    rows = [event for event in record["events"] if event["type"] == "row"]
    measures = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    plain = ["log_prob_masked", "probability_ratio", "seconds", "forward_passes"]
    texts = ["certificate", "masked_response", "error"]
    lines = [
        [
            _guard(row["method"]),
            _guard(" ".join(row["spans"][t]["text"] for t in row["removed"])),
            *(row[name] for name in plain),
            *(row["metrics"].get(name) for name in measures if name not in plain),
            *(_guard(row[name] or "") for name in texts),
        ]
        for row in rows
    ]
    return _csv(["method", "removed", *plain, *(n for n in measures if n not in plain), *texts], lines)


def file_name(record: dict, ending: str) -> str:
    about = "methods" if record["tab"] == "compare" else explanation_of(record)["method"]
    return f"maskwise-{record['tab']}-{re.sub('[^a-z0-9_]', '', about)[:40]}.{ending}"


def _csv(head: list[str], rows: Iterable[list]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([head, *rows])
    return BOM + text.getvalue()


def _guard(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _truth(value: bool) -> str:
    return "true" if value else "false"
