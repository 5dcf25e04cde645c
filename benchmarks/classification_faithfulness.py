"""Activation and pruning of every classification method over held-out lines, with 95 % intervals.

    python -m benchmarks.classification_faithfulness --data FOLDER --lines 200

explains the class predicted for each line, token by token, with each method's default options, and writes a
table (.md) and its figures (.json) to benchmarks/results. A run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import sys
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from benchmarks.resumable import Progress, RowFile
from explainers import EXPLAINERS, explainers_for, read_options
from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.measures.faithfulness import activation_curve, pruning_curve
from explainers.models.held import LoadedModel, load_model
from explainers.targets.label import LabelTarget
from explainers.text.tasks import TASKS
from explainers.text.templates import render_cloze
from explainers.verbalizers.words import manual_verbalizer

RESULTS = Path(__file__).resolve().parent / "results"
FILES = {"ag_news": "ag_news_dev.jsonl", "sst2": "sst2_dev.jsonl", "imdb": "imdb_reviews_dev.jsonl"}
RESAMPLES = 10_000
TYPICAL_SPANS, MOST_PASSES = 40, 200  # methods that take more passes for such a line have to be named
MEASURES = {
    "activation": "Activation ↑",
    "pruning": "Pruning ↓",
    "activation_true": "Activation, true class ↑",
    "pruning_logits": "Pruning, logits ↓",
}
EXPLANATION = (
    "Means over lines with 95 % bootstrap intervals, best first. Activation: probability of the predicted "
    "class, averaged while tokens are given back, most relevant first. Pruning: squared change of all class "
    "probabilities, averaged while tokens are taken away, least relevant first. The last two are the "
    "published code's variants: the true class's probability, and class scores before softmax."
)


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    loaded = load_model(options.model, Task.CLASSIFICATION)
    run = {
        "model": loaded.name,
        "revision": loaded.revision,
        "device": str(loaded.device),
        "lines": options.lines,
        "words_per_class": options.words,
        "seed": options.seed,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "transformers")},
    }
    stem = "_".join(["classification_faithfulness", *([Path(options.model).name] if options.model else [])])
    rows = RowFile(options.out / f"{stem}.partial.jsonl", run)
    complete(loaded, rows, options)
    result = {"made_by": "python -m benchmarks.classification_faithfulness", "date": str(date.today()), **run}
    result["tasks"] = {
        task: summarise([r for r in rows.rows if r["task"] == task], options) for task in options.tasks
    }
    (options.out / f"{stem}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    table = markdown(result)
    (options.out / f"{stem}.md").write_text(table, encoding="utf-8")
    rows.remove()
    print(table)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, methods = parser.add_argument, explainers_for(Task.CLASSIFICATION)
    quick = [name for name, method in methods.items() if method().passes(TYPICAL_SPANS) <= MOST_PASSES]
    data = "folder with classification/{ag_news,sst2,imdb_reviews}_dev.jsonl, rows of {text, label}"
    add("--data", type=Path, required=True, help=data)
    add("--lines", type=int, default=200, help="lines per task, drawn at random (default 200)")
    add("--model", default="", help="Hub id or folder of a masked LM (default: the built-in one)")
    add("--tasks", nargs="+", choices=list(FILES), default=["ag_news", "sst2"])
    about = f"default: those that take at most {MOST_PASSES} passes for a line of {TYPICAL_SPANS} tokens"
    add("--methods", nargs="+", choices=list(methods), default=quick, help=about)
    add("--words", type=int, default=1, help="label words per class (default 1)")
    add("--seed", type=int, default=0)
    add("--out", type=Path, default=RESULTS, help="default benchmarks/results")
    return parser.parse_args(arguments)


def complete(loaded: LoadedModel, rows: RowFile, options: argparse.Namespace) -> None:
    """Measure every line, task and method that `rows` lacks, and add them to it."""
    done = {(row["task"], row["line"], row["method"]) for row in rows.rows}
    progress = Progress(len(options.tasks) * options.lines)
    for task in options.tasks:
        lines = read_lines(options.data, task, options.lines, options.seed)
        verbalizer = manual_verbalizer(loaded, TASKS[task].label_words(options.words))
        for index, line in enumerate(lines):
            missing = [name for name in options.methods if (task, index, name) not in done]
            target = predicted_target(loaded, TASKS[task].templates[0], verbalizer, line["text"])
            for row in measure(target, int(line["label"]), missing, options.seed + index):
                rows.add({"task": task, "line": index, **row})
            progress.step(f"{task}, line {index + 1} of {options.lines}")


def read_lines(data: Path, task: str, count: int, seed: int) -> list[dict]:
    """`count` rows of the task's dev file, drawn without replacement."""
    path = data / "classification" / FILES[task]
    if not path.exists():
        raise MaskwiseError(f"{data} holds no classification/{FILES[task]}. Give another folder with --data.")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if count > len(rows):
        raise MaskwiseError(f"{path} has {len(rows)} lines. Choose --lines {len(rows)} or fewer.")
    return random.Random(seed).sample(rows, count)


def predicted_target(loaded: LoadedModel, template: str, verbalizer, text: str) -> LabelTarget:
    """The target of the class that is predicted for a text."""
    target = LabelTarget(loaded, render_cloze(loaded, template, text), verbalizer)
    target.label_index = int(target.class_scores(torch.tensor([target.full_mask()])).argmax())
    return target


def measure(target: LabelTarget, label: int, methods: list[str], seed: int) -> Iterator[dict]:
    """One row per method: its measures, seconds and passes, or why it cannot run."""
    for name in methods:
        k = min(3, len(target.spans))
        explainer = EXPLAINERS[name](read_options(EXPLAINERS[name], {}, k, seed))
        own = target.with_operator(target.operator)  # so that no method profits from another's passes
        started = perf_counter()
        try:
            scores = explainer.explain(own).scores
        except MaskwiseError as error:
            yield {"method": name, "refused": str(error)}
            continue
        yield {
            "method": name,
            "correct": target.label_index == label,
            "seconds": perf_counter() - started,
            "passes": own.forward_passes,
            "activation": activation_curve(target, scores).score,
            "pruning": pruning_curve(target, scores).score,
            "activation_true": activation_curve(target, scores, label).score,
            "pruning_logits": pruning_curve(target, scores, values="logits").score,
        }


def summarise(rows: list[dict], options: argparse.Namespace) -> dict:
    """Accuracy on the lines, and for each method the mean and interval of each measure, by activation."""
    methods = {}
    for name in options.methods:
        own = [row for row in rows if row["method"] == name and "refused" not in row]
        if own:
            methods[name] = {key: interval([row[key] for row in own], options.seed) for key in MEASURES}
            methods[name] |= {key: float(np.mean([row[key] for row in own])) for key in ("seconds", "passes")}
    ranked = sorted(methods.items(), key=lambda item: -item[1]["activation"]["mean"])
    correct = {row["line"]: row["correct"] for row in rows if "correct" in row}
    refused = {row["method"]: row["refused"] for row in rows if "refused" in row}
    return {"accuracy": float(np.mean(list(correct.values()))), "methods": dict(ranked), "refused": refused}


def interval(values: list[float], seed: int = 0) -> dict[str, float]:
    """Mean of the values and the 95 % percentile bootstrap interval of that mean."""
    sample = np.asarray(values)
    draws = np.random.default_rng(seed).integers(len(sample), size=(RESAMPLES, len(sample)))
    low, high = np.quantile(sample[draws].mean(1), [0.025, 0.975])
    return {"mean": float(sample.mean()), "low": float(low), "high": float(high)}


def markdown(result: dict) -> str:
    """The table as it goes into the README."""
    parts = []
    for task, figures in result["tasks"].items():
        heading = f"{TASKS[task].title}: {result['lines']} lines, accuracy {figures['accuracy']:.1%}"
        columns = ["Method", *MEASURES.values(), "Passes", "Seconds"]
        parts += [f"**{heading}**", "", row_of(columns), row_of(["---"] * len(columns))]
        for name, values in figures["methods"].items():
            cells = [
                f"{values[k]['mean']:.3f} [{values[k]['low']:.3f}, {values[k]['high']:.3f}]" for k in MEASURES
            ]
            cells += [f"{values['passes']:.0f}", f"{values['seconds']:.2f}"]
            parts.append(row_of([EXPLAINERS[name].title, *cells]))
        parts += ["", *(f"{EXPLAINERS[name].title}: {why}" for name, why in figures["refused"].items()), ""]
    where = f"Model {result['model']} ({result['revision']}), {result['device']}, {result['date']}."
    return "\n".join([*parts, EXPLANATION, where, ""])


def row_of(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    try:
        main()
    except MaskwiseError as error:
        sys.exit(f"error: {error}")
