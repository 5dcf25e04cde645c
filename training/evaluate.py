"""What the training reports: masked-token accuracy, and accuracy through template and label words."""

import numpy as np
import torch

from training.cloze import LONGEST, class_scores, fill, parse_template, word_ids
from training.data import length_batches, mask_tokens
from training.model import logits_at
from training.tasks import TUNED_TASKS

BATCH = 16
Examples = list[tuple[str, int]]

EVALUATION_MASK_RATE = 0.15


@torch.no_grad()
def masked_accuracy(model, tokenizer, pieces: list[np.ndarray], all_mask: bool = False) -> float:
    """Share of the chosen 15 % of tokens (80/10/10, or all [MASK]) whose word is the model's first choice."""
    training = model.training
    model.eval()
    generator = torch.Generator().manual_seed(0)
    hits = total = 0
    for ids in length_batches(pieces, 4096, np.random.default_rng(0)):
        masked, chosen = mask_tokens(ids, tokenizer, generator, EVALUATION_MASK_RATE, all_mask)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            guesses = logits_at(model, masked, chosen).argmax(-1)
        hits += int((guesses == ids[chosen]).sum())
        total += int(chosen.sum())
    model.train(training)
    return hits / total


@torch.no_grad()
def class_accuracy(
    model, tokenizer, examples: Examples, template: str, verbalizers: list[list[list[str]]]
) -> list[float]:
    """For each verbalizer (lists of label words), the share of the examples whose best-scoring class is the
    labelled one. Texts are cut to 510 tokens with their template; a long one loses its end."""
    training = model.training
    model.eval()
    cloze = parse_template(template, tokenizer)
    words = [word_ids(label_words, tokenizer) for label_words in verbalizers]
    texts = tokenizer([text for text, _ in examples], add_special_tokens=False)["input_ids"]
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    hits = [0] * len(verbalizers)
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        ids, positions = fill([cloze.encode(texts[index], LONGEST) for index in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            log_probs = logits_at(model, ids, positions).float().log_softmax(-1)  # (B, V)
        labels = torch.tensor([examples[index][1] for index in chosen])
        for which, classes in enumerate(words):
            hits[which] += int((class_scores(log_probs, classes).argmax(-1) == labels).sum())
    model.train(training)
    return [count / len(examples) for count in hits]


def dev_accuracies(model, tokenizer, dev: dict[str, Examples]) -> dict[str, float]:
    """Accuracy of every tuned task through its first template, one label word per class."""
    found = {}
    for task in TUNED_TASKS:
        words = [[each[0]] for each in task.label_words]
        [found[task.file]] = class_accuracy(model, tokenizer, dev[task.file], task.templates[0], [words])
    return found


def full_report(model, tokenizer, dev_pieces: list[np.ndarray], dev: dict[str, Examples]) -> dict[str, float]:
    """Accuracies over the whole dev files: two ways of masking, two templates, one word per class and all."""
    report = {
        "masked_accuracy_80_10_10": masked_accuracy(model, tokenizer, dev_pieces),
        "masked_accuracy_all_mask": masked_accuracy(model, tokenizer, dev_pieces, all_mask=True),
    }
    for task in TUNED_TASKS:
        counts = (1, len(task.label_words[0]))
        verbalizers = [[list(words[:count]) for words in task.label_words] for count in counts]
        for template in task.templates[:2]:
            accuracies = class_accuracy(model, tokenizer, dev[task.file], template, verbalizers)
            for count, accuracy in zip(counts, accuracies, strict=True):
                report[f"{task.file} | {template} | {count} a class"] = accuracy
    return {name: round(value, 4) for name, value in report.items()}
