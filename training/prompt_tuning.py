"""Phase two: classification through templates and label words, with the masked-LM loss kept in."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from training.cloze import Cloze, class_scores, parse_template, word_ids
from training.data import mask_tokens, pad
from training.evaluate import masked_accuracy
from training.model import logits_at
from training.tasks import TUNED_TASKS, TunedTask

LONGEST = 510
MASKED_LM_WEIGHT = 0.3
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
        longest = int(self.rng.choice([128, 256, LONGEST]))
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


def fill(rows: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Encoded templates as ids (B, L) and a bool tensor (B, L) that is true at each row's mask."""
    ids = pad([np.array(row) for row, _ in rows])
    positions = torch.zeros(ids.shape, dtype=torch.bool)
    positions[torch.arange(len(rows)), torch.tensor([mask for _, mask in rows])] = True
    return ids, positions


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


@torch.no_grad()
def class_accuracy(
    model, tokenizer, examples: list[tuple[str, int]], template: str, label_words: list[list[str]]
) -> float:
    """Share of the examples whose best-scoring class is the labelled one; long texts lose their end."""
    training = model.training
    model.eval()
    cloze, words = parse_template(template, tokenizer), word_ids(label_words, tokenizer)
    texts = tokenizer([text for text, _ in examples], add_special_tokens=False)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    hits = 0
    for start in range(0, len(order), 16):
        chosen = order[start : start + 16]
        ids, positions = fill([cloze.encode(texts[index], LONGEST) for index in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            log_probs = logits_at(model, ids, positions).float().log_softmax(-1)
        labels = torch.tensor([examples[index][1] for index in chosen])
        hits += int((class_scores(log_probs, words).argmax(-1) == labels).sum())
    model.train(training)
    return hits / len(examples)


def dev_accuracies(model, tokenizer, dev: dict[str, list[tuple[str, int]]]) -> dict[str, float]:
    """Accuracy of every tuned task through its first template, one label word a class."""
    return {
        task.file: class_accuracy(
            model, tokenizer, dev[task.file], task.templates[0], [[words[0]] for words in task.label_words]
        )
        for task in TUNED_TASKS
    }


def full_report(
    model, tokenizer, dev_pieces: list[np.ndarray], dev: dict[str, list[tuple[str, int]]]
) -> dict[str, float]:
    """Accuracies over the whole dev files: both ways of masking; two templates, one word a class and all."""
    report = {
        "masked_accuracy_80_10_10": masked_accuracy(model, tokenizer, dev_pieces),
        "masked_accuracy_all_mask": masked_accuracy(model, tokenizer, dev_pieces, all_mask=True),
    }
    for task in TUNED_TASKS:
        for template in task.templates[:2]:
            for count in (1, len(task.label_words[0])):
                words = [list(words[:count]) for words in task.label_words]
                accuracy = class_accuracy(model, tokenizer, dev[task.file], template, words)
                report[f"{task.file} | {template} | {count} word{'s' * (count > 1)}"] = round(accuracy, 4)
    return report
