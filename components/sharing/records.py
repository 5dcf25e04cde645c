"""Records: a result with all that is needed to show it again, as the JSON button saves and Load reads it.

{"maskwise": 1, "tab": one of TITLES, "events": [...], "inputs": what the page was set to}.
"""

from __future__ import annotations

import json

from components.pieces.label_lines import write_words
from components.sharing.links import read_inputs, write_inputs
from components.sharing.record_checks import check_record
from explainers.core.errors import MaskwiseError
from explainers.reports.record import VERSION, explanation_of

MOST_BYTES = 2_000_000
NO_RESULT = "There is no result to keep yet. Press Run first."
NOT_OURS = "This is no result of Maskwise. Choose a file that the JSON button saved."
TITLES = {"generation": "Generation", "classification": "Classification", "compare": "Compare"}


def needed(record: dict | None) -> dict:
    """The record; MaskwiseError where there is none, as after a link was opened."""
    if not record:
        raise MaskwiseError(NO_RESULT)
    return record


def inputs_of(record: dict) -> dict:
    """Values for the inputs of the page, checked; those that cannot be used are left out."""
    inputs = record.get("inputs") or _of_explanation(record)
    values, _ = read_inputs(record["tab"], write_inputs(record["tab"], inputs))
    return values


def read_record(text: str, tab: str) -> dict:
    """The record in a file of `tab`; MaskwiseError, in words, for anything else."""
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise MaskwiseError(f"The file is larger than {MOST_BYTES / 1e6:.0f} MB. No result of Maskwise is.")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MaskwiseError(NOT_OURS) from error
    if (
        not isinstance(record, dict)
        or record.get("maskwise") != VERSION
        or record.get("tab") not in [*TITLES]
    ):
        raise MaskwiseError(NOT_OURS)
    if record["tab"] != tab:
        raise MaskwiseError(
            f"This result is of the {TITLES[record['tab']]} tab. Open that tab and load it there."
        )
    check_record(record, text)
    return {name: record[name] for name in ("maskwise", "tab", "events", "inputs") if name in record}


def _of_explanation(record: dict) -> dict:
    """What the page would be set to for this result, where the record does not say so."""
    if record["tab"] == "compare":
        return record["events"][-1]["request"]
    explanation = explanation_of(record)
    if record["tab"] == "generation":
        return explanation | {"response": ""}  # the field holds the answer, whoever wrote it
    options = dict(explanation["options"])
    page = {name: options.pop(name) for name in ("granularity", "k", "words_per_class") if name in options}
    words = {row["label"]: row["words"] for row in explanation["labels"]}
    examples = options.pop("examples", None) or {}
    lines = [f"{label}: {text}" for label, texts in examples.items() for text in texts]
    page |= {"label_words": write_words(words), "examples": "\n".join(lines), "options": options}
    return explanation | page
