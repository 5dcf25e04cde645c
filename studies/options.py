"""What the command may be told: the options, and the study with what they change."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from explainers.core.errors import MaskwiseError
from studies.declarations import make_study
from studies.study import AnyStudy

OUT = Path("results")
ABOUT = """Remake a paper's tables and figures: `python -m studies STUDY …`; without a name, all are listed.

    python -m studies xprompt_tables_1_2 --data alpaca=prompts.jsonl --text prompt --limit 20 --model ""

A study is run as published unless an option here says otherwise, which is recorded. What was done is kept in
--out; a run that was cut off goes on where it was, and other settings never mix with it.
"""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m studies", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("studies", nargs="*", help="names of declared studies, or TOML files")
    add("--model", help='Hub id or folder; "" for the built-in model')
    add(
        "--data",
        nargs="+",
        metavar="NAME=SOURCE",
        help="take these data sets alone, each from a file or the Hub",
    )
    add("--training", nargs="+", metavar="NAME=FILE", help="files that few-shot examples come from")
    add("--text", nargs="+", help="columns of the texts")
    add("--label", help="column of the classes")
    add("--limit", type=int, help="prompts of each data set, 0 for all")
    add("--least-words", type=int)
    add("--most-words", type=int)
    add("--methods", nargs="+", help="in the place of the study's own")
    add("--k", nargs="+", type=int)
    add("--seeds", nargs="+", type=int)
    add("--max-new-tokens", type=int)
    add(
        "--set",
        nargs="+",
        metavar="NAME=VALUE",
        default=[],
        help="any other value, such as measures.bleu=words",
    )
    add("--device", help="such as cuda:1; the fastest there is if none is named")
    add("--ray", default="", help='address of a Ray cluster, or "auto"')
    add("--dry-run", action="store_true", help="only say what would be done, and how much of it is there")
    add("--report", type=Path, metavar="FOLDER", help="only write the tables of this folder")
    add("--pictures", type=Path, metavar="FOLDER", help="write the figures there as SVG")
    add("--out", type=Path, default=OUT, help=f"folder of all results (default {OUT})")
    return parser.parse_args(arguments)


def changed(study: AnyStudy, options: argparse.Namespace) -> AnyStudy:
    """The study with what the options say. Raises MaskwiseError for a value that cannot be."""
    values = study.model_dump()
    for name in (
        "model",
        "device",
        "limit",
        "least_words",
        "most_words",
        "methods",
        "k",
        "seeds",
        "max_new_tokens",
    ):
        if (given := getattr(options, name)) is not None:
            values[name] = given
    values["data"] = _data(values["data"], options)
    for name, value in _pairs(options.set).items():
        _set(values, name, value)
    return make_study(values)


def _data(declared: list[dict], options: argparse.Namespace) -> list[dict]:
    """The data sets that --data names, or else all declared ones, with what the options say of them.

    One that is not declared takes its columns from --text and --label; its classes are those of the task of
    its name.
    """
    known = {data["name"]: data for data in declared}
    sources, training = _pairs(options.data or []), _pairs(options.training or [])
    if unknown := [name for name in sources if name not in known and not options.text]:
        raise MaskwiseError(
            f"The study has no data set {unknown[0]!r}, but: {', '.join(known)}. For another one, name its "
            "columns with --text (and --label)."
        )
    found = []
    for name in sources or known:
        data = known.get(name) or {"name": name, "task": name if options.label else ""}
        given = {"source": sources.get(name), "training": training.get(name)}
        given |= {"text": options.text, "label": options.label}
        found.append(data | {key: value for key, value in given.items() if value is not None})
    return found


def _pairs(given: list[str]) -> dict[str, str]:
    if wrong := [text for text in given if "=" not in text]:
        raise MaskwiseError(f"{wrong[0]!r} must be a name and a value with = between them.")
    pairs = [text.split("=", 1) for text in given]
    if twice := [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]:
        raise MaskwiseError(f"{twice[0]} is named twice. Name it once.")
    return dict(pairs)


def _set(values: dict, name: str, text: str) -> None:
    """Set one value by its path, such as options.xprompt.iterations, as a number where it is one."""
    *path, last = name.split(".")
    for part in path:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise MaskwiseError(f"--set {name}: {part} holds no further values.")
    values[last] = next((kind(text) for kind in (int, float) if _is(kind, text)), text)


def _is(kind: type, text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
