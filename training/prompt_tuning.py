"""Phase two: classification through templates and label words, with the masked-LM loss kept in."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from training.cloze import LONGEST, Cloze, class_scores, fill, parse_template, word_ids
from training.data import mask_tokens
from training.model import logits_at
from training.tasks import TunedTask

MASKED_LM_WEIGHT = 0.3
WINDOWS = (128, 128, 256, 256, LONGEST)  # lengths of text, as often as they stand here
TEXT_MASK_RATE = 0.15
WORD_WEIGHT = 0.1  # on the cross-entropy of one label word among the whole vocabulary


class TaskBatches:
    """Endless random batches of one task's training texts, in random templates, long texts in windows."""

    def __init__(self, task: TunedTask, examples: list[tuple[str, int]], tokenizer, rng: np.random.Generator):
        self.task, self.rng = task, rng
        self.texts = tokenizer([text for text, _ in examples], add_special_tokens=False)["input_ids"]
        self.labels = np.array([label for _, label in examples])
        self.clozes = [parse_template(template, tokenizer) for template in task.templates]
        self.words = word_ids(list(map(list, task.label_words)), tokenizer)
        self.queue = np.array([], dtype=int)

    def next(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Token ids (B, L), the masks' places (B, L), bool, and the labels (B,)."""
        while len(self.queue) < self.task.batch:
            self.queue = np.concatenate([self.queue, self.rng.permutation(len(self.texts))])
        chosen, self.queue = np.split(self.queue, [self.task.batch])
        longest = int(self.rng.choice(WINDOWS))
        rows = [self._cloze().encode(self._window(self.texts[i], longest), LONGEST) for i in chosen]
        ids, positions = fill(rows)
        return ids, positions, torch.tensor(self.labels[chosen])

    def _cloze(self) -> Cloze:
        """The first template half of the time."""
        return self.clozes[0 if self.rng.random() < 0.5 else self.rng.integers(len(self.clozes))]

    def _window(self, text: list[int], longest: int) -> list[int]:
        """The start of a long text half of the time, otherwise any stretch of it."""
        last = max(0, len(text) - longest)
        start = 0 if self.rng.random() < 0.5 else int(self.rng.integers(last + 1))
        return text[start : start + longest]

    def some_words(self) -> list[torch.Tensor]:
        """The same number of label words for every class: the first ones alone, or any."""
        if self.rng.random() < 0.4:
            return [words[:1] for words in self.words]
        count = int(self.rng.integers(1, 1 + min(map(len, self.words))))
        return [words[self.rng.permutation(len(words))[:count]] for words in self.words]


def tuning_losses(
    model,
    tokenizer,
    batches: list[TaskBatches],
    masked_lm: Iterator[tuple[torch.Tensor, int]],
    rng: np.random.Generator,
) -> Iterator[tuple[torch.Tensor, int]]:
    """(loss, tokens) of one step: class cross-entropy of one task, and the masked-LM loss beside it.

    loss = CE(class) + 0.1 CE(label word, whole vocabulary) + 0.3 CE(masked tokens), in nats. Tokens are
    masked in plain text, and in half of the batches also in the labelled texts.
    """
    shares = np.array([batch.task.share for batch in batches])
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    while True:
        batch = batches[rng.choice(len(batches), p=shares / shares.sum())]
        ids, positions, labels = batch.next()
        rate = TEXT_MASK_RATE if rng.random() < 0.5 else 0.0
        masked, chosen = mask_tokens(ids, tokenizer, generator, rate)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            log_probs = logits_at(model, masked, positions | chosen).float().log_softmax(-1)  # (M, V)
        at_mask = positions[positions | chosen]  # (M,): the rest are masked words of the text
        scores = class_scores(log_probs[at_mask], batch.some_words())  # (B, C)
        class_loss = functional.cross_entropy(scores, labels)
        word_loss = -scores[torch.arange(len(labels)), labels].mean()
        masked_lm_loss, read = next(masked_lm)
        if chosen.any():
            text_loss = functional.nll_loss(log_probs[~at_mask], ids[chosen])
            masked_lm_loss = (masked_lm_loss + text_loss) / 2
        loss = class_loss + WORD_WEIGHT * word_loss + MASKED_LM_WEIGHT * masked_lm_loss
        yield loss, read + int((ids != 0).sum())
