"""Train the built-in masked LM: `python -m training.masked_lm --data FOLDER`.

Phase one: masked-language modelling on plain text. Phase two: prompt-tuning for topic and sentiment, with
the masked-LM loss kept in. A run that was ended goes on from its last checkpoint.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

from explainers.models.builtin import cache_folder, sentence_encoder_folder
from explainers.models.builtin_masked_lm import WEIGHTS
from training.corpus import Corpus, read_corpus
from training.data import length_batches, mask_tokens
from training.evaluate import dev_accuracies, full_report, masked_accuracy
from training.export import export_log, export_weights
from training.loop import run_phase
from training.model import initial_model, masked_lm_loss, set_dropout
from training.prompt_tuning import TaskBatches, tuning_losses
from training.run import Phase, Run, resume
from training.tasks import TUNED_TASKS

BATCH_TOKENS, TUNING_BATCH_TOKENS = 2048, 512
PRETRAINING_RATE, TUNING_RATE = 8e-4, 3e-4
TUNING_DROPOUT = 0.1

Losses = Iterator[tuple[torch.Tensor, int]]


def masked_lm_losses(model, tokenizer, pieces: list[np.ndarray], tokens: int, seed: int) -> Losses:
    """Endless passes over the pieces: (loss, tokens) of one batch at a time."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    while True:
        for ids in length_batches(pieces, tokens, rng):
            masked, chosen = mask_tokens(ids, tokenizer, generator)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = masked_lm_loss(model, masked, ids, chosen)
            yield loss, int((ids != 0).sum())


def pretrain(model, tokenizer, corpus: Corpus, run: Run, minutes: float, workers: int) -> None:
    """Phase one: masked-language modelling. A resumed run reads the pieces in a new order."""
    start = run.steps
    dev_pieces, _ = corpus.quick_dev()

    def losses(worker: int) -> Losses:
        return masked_lm_losses(model, tokenizer, corpus.pieces, BATCH_TOKENS, 1000 * start + worker)

    def evaluate() -> dict[str, float]:
        return {"masked_accuracy": masked_accuracy(model, tokenizer, dev_pieces)}

    run_phase(Phase("masked_lm", minutes, PRETRAINING_RATE), run, model, losses, evaluate, workers)


def tune(model, tokenizer, corpus: Corpus, run: Run, minutes: float, workers: int) -> None:
    """Phase two: class and masked-LM losses together."""
    start = run.steps if run.phase == "prompt_tuning" else 0
    dev_pieces, dev = corpus.quick_dev()

    def losses(worker: int) -> Losses:
        rng = np.random.default_rng([start, worker])
        batches = [TaskBatches(task, corpus.train[task.file], tokenizer, rng) for task in TUNED_TASKS]
        seed = int(rng.integers(2**31))
        plain = masked_lm_losses(model, tokenizer, corpus.pieces, TUNING_BATCH_TOKENS, seed)
        return tuning_losses(model, tokenizer, batches, plain, rng)

    def evaluate() -> dict[str, float]:
        words = {"masked_accuracy": masked_accuracy(model, tokenizer, dev_pieces)}
        return words | dev_accuracies(model, tokenizer, dev)

    set_dropout(model, TUNING_DROPOUT)
    phase = Phase("prompt_tuning", minutes, TUNING_RATE, warmup=0.06)
    run_phase(phase, run, model, losses, evaluate, workers)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def add(name: str, kind: type, default, explanation: str, **more) -> None:
        parser.add_argument(name, type=kind, default=default, help=explanation, **more)

    data = (
        "folder with corpora/*.txt, one document per line, and "
        "classification/{ag_news,sst2,imdb_reviews}_{train,dev}.jsonl, rows of {text, label}"
    )
    add("--data", Path, None, data, required=True)
    add("--text", Path, [], "more plain text (.txt) or rows of {text} (.jsonl)", nargs="*")
    add("--encoder", Path, None, "folder of all-MiniLM-L6-v2 (default: the installed package's)")
    add("--checkpoint", Path, cache_folder() / "training", "folder of the checkpoint (default: %(default)s)")
    add("--out", Path, WEIGHTS, "where weights, log and figures go (default: assets/masked_lm)")
    add("--minutes", float, 40, "masked-language modelling, processor minutes per worker (default 40)")
    add("--tuning-minutes", float, 20, "prompt-tuning, likewise (default 20)")
    add("--workers", int, os.cpu_count(), "training processes of one thread each (default: cores)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
    encoder = arguments.encoder or sentence_encoder_folder()
    tokenizer = AutoTokenizer.from_pretrained(encoder, model_max_length=10**9)
    corpus = read_corpus(arguments.data, arguments.text, tokenizer)
    model = initial_model(encoder, corpus.pieces).train()
    run = resume(arguments.checkpoint, model)
    if not run.finished("masked_lm"):
        pretrain(model, tokenizer, corpus, run, arguments.minutes, arguments.workers)
    if not run.finished("prompt_tuning"):
        tune(model, tokenizer, corpus, run, arguments.tuning_minutes, arguments.workers)
    arguments.out.mkdir(parents=True, exist_ok=True)
    export_weights(model, arguments.out)
    results = full_report(model, tokenizer, corpus.dev_pieces, corpus.dev)
    export_log(run.log, results, arguments.out)


if __name__ == "__main__":
    main()
