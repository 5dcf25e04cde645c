"""The data folder, read into what the two phases of training need."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data import cut_pieces, read_examples, read_texts, without_dev_texts
from training.tasks import TUNED_TASKS

REPEATS = {"ag_news_train": 16, "sst2_train": 3, "abc_news": 2}  # closest to what the model is measured on
WHOLE_TEXT = 10**6
LONGEST_DEV_PIECE = 510
QUICK_PIECES = 400
QUICK_LINES = {"ag_news": 200, "sst2": 200, "imdb_reviews": 50}


@dataclass(frozen=True)
class Corpus:
    """The data folder as tokens: pieces for masked-language modelling, and labelled texts by task."""

    pieces: list[np.ndarray]
    dev_pieces: list[np.ndarray]
    train: dict[str, list[tuple[str, int]]]
    dev: dict[str, list[tuple[str, int]]]

    def quick_dev(self) -> tuple[list[np.ndarray], dict[str, list[tuple[str, int]]]]:
        """The first lines of every dev file, for the curves."""
        return self.dev_pieces[:QUICK_PIECES], {name: self.dev[name][:n] for name, n in QUICK_LINES.items()}


def read_corpus(data: Path, extra: list[Path], tokenizer) -> Corpus:
    """Read FOLDER/corpora/*.txt, FOLDER/classification/*_{train,dev}.jsonl and the extra text files.

    Pieces that hold a text of any dev file are left out.
    """
    folder = data / "classification"
    train = {task.file: read_examples(folder / f"{task.file}_train.jsonl") for task in TUNED_TASKS}
    dev = {task.file: read_examples(folder / f"{task.file}_dev.jsonl") for task in TUNED_TASKS}
    held_out = cut_pieces([text for lines in dev.values() for text, _ in lines], tokenizer, WHOLE_TEXT)
    pieces = []
    for path in [*sorted((data / "corpora").glob("*.txt")), *sorted(folder.glob("*_train.jsonl")), *extra]:
        found = without_dev_texts(cut_pieces(read_texts(path), tokenizer), held_out, tokenizer)
        print(f"{path.stem}: {sum(map(len, found)):,} tokens", flush=True)
        pieces += found * REPEATS.get(path.stem, 1)
    dev_pieces = cut_pieces(read_texts(folder / "ag_news_dev.jsonl"), tokenizer, LONGEST_DEV_PIECE)
    return Corpus(pieces, dev_pieces, train, dev)
