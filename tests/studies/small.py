"""Small studies on tiny models: what the tests of studies share."""

from __future__ import annotations

import json
from pathlib import Path

from studies.declarations import make_study
from studies.study import AnyStudy
from tests.tiny_models import tiny_causal, tiny_masked

PROMPTS = (
    "Write a short story about a doctor and his patient.",
    "Once upon a time, in a magazine, there was a book to be published.",
    "Paris is the capital of France. It was good!",
    "The quick brown fox jumps over the lazy dog.",
)
LINES = (
    ("the movie was great", 1),
    ("it was bad", 0),
    ("a good story of the world", 1),
    ("terrible ending", 0),
)


def write_jsonl(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def saved(loaded, folder: Path) -> str:
    """A tiny model as a folder, for processes of their own."""
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return str(folder)


def generation_study(folder: Path, **changes) -> AnyStudy:
    """Four prompts, two methods, k = 1 and 2, on a tiny Llama in a folder."""
    data = write_jsonl(folder / "prompts.jsonl", [{"prompt": text} for text in PROMPTS])
    model = folder / "llama"
    values = {
        "name": "small",
        "title": "A small study",
        "paper": "none",
        "shows": ["a table"],
        "task": "generation",
        "model": str(model) if model.exists() else saved(tiny_causal("llama", chat=True), model),
        "data": [{"name": "own", "source": data, "text": ["prompt"]}],
        "methods": ["xprompt", "random_removal"],
        "paper_method": "xprompt",
        "options": {"xprompt": {"iterations": 5}},
        "limit": 0,
        "k": [1, 2],
        "granularity": "word",
        "mask_operator": "zero",
        "max_new_tokens": 4,
        "columns": ["bleu", "probability_ratio"],
        "figures": ["ratio_over_k", "convergence"],
        "claims": [{"text": "It wins.", "measure": "probability_ratio", "against": ["random_removal"]}],
    }
    return make_study(values | changes)


def classification_study(folder: Path, **changes) -> AnyStudy:
    """Four lines, two methods, on a tiny BERT in a folder, tuned on one text of each class."""
    data = write_jsonl(folder / "lines.jsonl", [{"text": text, "label": label} for text, label in LINES])
    model = folder / "bert"
    values = {
        "name": "small_classes",
        "title": "A small study of classes",
        "paper": "none",
        "shows": ["a table"],
        "task": "classification",
        "model": str(model) if model.exists() else saved(tiny_masked("bert"), model),
        "data": [
            {
                "name": "own",
                "source": data,
                "training": data,
                "text": ["text"],
                "label": "label",
                "task": "sst2",
            }
        ],
        "methods": ["prompt_explainer", "random_removal"],
        "paper_method": "prompt_explainer",
        "limit": 0,
        "granularity": "token",
        "mask_operator": "replace",
        "columns": ["activation_true", "pruning"],
        "figures": ["faithfulness"],
        "tuning": {"shots": 1, "epochs": 2, "rate": 1e-3},
    }
    return make_study(values | changes)
