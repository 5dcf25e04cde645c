"""What the training reports: masked-token accuracy, and accuracy through template and label words."""

import numpy as np
import torch

from training.data import length_batches, mask_tokens
from training.model import logits_at

EVALUATION_MASK_RATE = 0.15


@torch.no_grad()
def masked_accuracy(
    model, tokenizer, pieces: list[np.ndarray], seed: int = 0, all_mask: bool = False
) -> float:
    """Share of the chosen 15 % of tokens (80/10/10, or all [MASK]) whose word is the model's first choice."""
    training = model.training
    model.eval()
    generator = torch.Generator().manual_seed(seed)
    hits = total = 0
    for ids in length_batches(pieces, 4096, np.random.default_rng(seed)):
        masked, chosen = mask_tokens(ids, tokenizer, generator, EVALUATION_MASK_RATE, all_mask)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            guesses = logits_at(model, masked, chosen).argmax(-1)
        hits += int((guesses == ids[chosen]).sum())
        total += int(chosen.sum())
    model.train(training)
    return hits / total
