"""Training texts: reading, cutting into token pieces, batching by length and masking."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

PIECE_TOKENS = 126  # with [CLS] and [SEP] a piece fills 128 positions
MASK_RATE = 0.25
SHARED = 8  # tokens in a row by which a piece counts as a dev text


def read_texts(path: Path) -> list[str]:
    """The non-empty lines of a plain-text file, or the "text" fields of a JSONL file."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [json.loads(line)["text"] for line in lines] if path.suffix == ".jsonl" else lines


def read_examples(path: Path) -> list[tuple[str, int]]:
    """(text, label) pairs of a JSONL file whose rows are {"text", "label"}."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [(row["text"], int(row["label"])) for row in rows]


def cut_pieces(texts: list[str], tokenizer, size: int = PIECE_TOKENS) -> list[np.ndarray]:
    """Token ids of each text in pieces of at most `size` tokens, each within [CLS] and [SEP].

    A text of up to `size` tokens stays whole; a longer one is cut into pieces of equal length, so that no
    short remainder is left over.
    """
    pieces = []
    for start in range(0, len(texts), 1000):
        for ids in tokenizer(texts[start : start + 1000], add_special_tokens=False)["input_ids"]:
            if len(ids) < 4:
                continue
            count = -(-len(ids) // size)
            for piece in np.array_split(np.array(ids, dtype=np.int32), count):
                pieces.append(np.concatenate([[tokenizer.cls_token_id], piece, [tokenizer.sep_token_id]]))
    return pieces


def length_batches(pieces: list[np.ndarray], tokens: int, rng: np.random.Generator) -> Iterator[torch.Tensor]:
    """One shuffled pass over the pieces in batches of about `tokens` tokens: (B, L), padded with 0.

    Pieces of similar length go together, which keeps padding to a few percent.
    """
    order = rng.permutation(len(pieces))
    noisy_length = np.array([len(pieces[i]) for i in order]) + rng.uniform(0, 2, len(order))
    order = order[np.argsort(noisy_length)]
    batches: list[list[np.ndarray]] = []
    batch: list[np.ndarray] = []
    for index in order:
        if batch and (len(batch) + 1) * len(pieces[index]) > tokens:
            batches.append(batch)
            batch = []
        batch.append(pieces[index])
    batches.append(batch)
    for number in rng.permutation(len(batches)):
        yield pad(batches[number])


def pad(pieces: list[np.ndarray]) -> torch.Tensor:
    """Pieces as one tensor (B, L), padded on the right with [PAD] = 0."""
    ids = torch.zeros(len(pieces), max(len(piece) for piece in pieces), dtype=torch.long)
    for row, piece in zip(ids, pieces, strict=True):
        row[: len(piece)] = torch.as_tensor(piece)
    return ids


def mask_tokens(
    ids: torch.Tensor, tokenizer, generator: torch.Generator, rate: float = MASK_RATE, all_mask: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Masked ids (B, L) and the chosen positions (B, L), bool: BERT's 80 % [MASK], 10 % random, 10 % kept.

    `all_mask` makes every chosen position [MASK]. Special tokens, a template's [MASK] too, are never chosen.
    """
    special = torch.tensor(tokenizer.all_special_ids)
    chosen = (torch.rand(ids.shape, generator=generator) < rate) & ~torch.isin(ids, special)
    kind = torch.rand(ids.shape, generator=generator)
    masked = ids.clone()
    masked[chosen & (kind < 0.8 if not all_mask else True)] = tokenizer.mask_token_id
    if not all_mask:
        random_ids = torch.randint(len(tokenizer), ids.shape, generator=generator)
        masked = torch.where(chosen & (kind >= 0.8) & (kind < 0.9), random_ids, masked)
    return masked, chosen


def without_dev_texts(pieces: list[np.ndarray], dev: list[np.ndarray], tokenizer) -> list[np.ndarray]:
    """The pieces that share no run of SHARED tokens with a dev text, punctuation apart.

    Corpora overlap: some hold the very sentences that a dev file was drawn from.
    """
    words = np.zeros(len(tokenizer), dtype=bool)
    for token, index in tokenizer.get_vocab().items():
        words[index] = token.removeprefix("##").isalnum()

    def runs(piece: np.ndarray) -> set[bytes]:
        ids = piece[words[piece]].astype(np.int32)
        return {ids[i : i + SHARED].tobytes() for i in range(max(1, len(ids) - SHARED + 1))}

    seen = set().union(*map(runs, dev))
    return [piece for piece in pieces if seen.isdisjoint(runs(piece))]
