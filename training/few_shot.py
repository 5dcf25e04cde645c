"""Few-shot prompt-tuning as in the PromptExplainer paper: LoRA and the MLM head learn from n lines per class.

`python -m training.few_shot --task ag_news --train FILE.jsonl --shots 5 --seed 0 --out FILE.safetensors`
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from explainers.models.held import load_model
from explainers.models.loaded import LoadedModel
from explainers.targets.mlm_head import MlmReader, batch_of
from explainers.text.prompts import encode_plain
from explainers.text.templates import render_cloze
from explainers.verbalizers.whole_words import WholeWordVerbalizer, whole_word_verbalizer
from training.adapter import TunedAdapter, with_adapter
from training.cloze import word_ids
from training.data import read_examples
from training.tasks import TUNED_TASKS

LONGEST = 128  # tokens of a text; keeps a step short
BATCH = 8
LORA_RATE, HEAD_RATE = 2e-3, 2e-4


@dataclass(frozen=True)
class TuningStep:
    """Step `step` of `total`; `loss` is the class cross-entropy in nats before the step."""

    step: int
    total: int
    loss: float


def sample_shots(
    examples: list[tuple[str, int]], classes: int, shots: int, seed: int
) -> list[tuple[str, int]]:
    """`shots` random examples of every class, or all where a class has fewer."""
    shuffled = random.Random(seed).sample(examples, len(examples))
    chosen = []
    for label in range(classes):
        found = [example for example in shuffled if example[1] == label][:shots]
        if not found:
            raise MaskwiseError(
                f"No training line has label {label}; give at least one line for every class."
            )
        chosen += found
    return chosen


def few_shot_tune(
    model: PreTrainedModel,
    tokenizer,
    examples: list[tuple[str, int]],
    template: str,
    label_words: list[list[str]],
    *,
    whole_words: bool = False,
    shots: int = 5,
    steps: int = 60,
    seed: int = 0,
) -> Iterator[TuningStep | TunedAdapter]:
    """Tune a copy of `model` on a few (text, label) examples; `model` itself is left as it is.

    Yields one TuningStep per step, then exactly one TunedAdapter. The loss is the cross-entropy of the class
    scores, a class's score being the mean log-probability of its label words at the mask. whole_words: a
    label word may have several tokens, and is read as WholeWordVerbalizer reads it. Raises MaskwiseError for
    a template, label word or class that cannot be used.
    """
    chosen = sample_shots(examples, len(label_words), shots, seed)
    base = LoadedModel("", "", Task.CLASSIFICATION, model, tokenizer, model.device, model.dtype)
    texts = _Texts(base, template, [text for text, _ in chosen], _verbalizer(base, label_words, whole_words))
    labels = torch.tensor([label for _, label in chosen], device=model.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # LoRA starts from random matrices
        adapted = with_adapter(model)
    adapted.eval()  # no dropout: so few steps need no more noise than the batches bring
    trained = {name: value for name, value in adapted.named_parameters() if value.requires_grad}
    optimizer = _optimizer(trained)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
    generator = torch.Generator().manual_seed(seed)
    tuned = replace(base, model=adapted.base_model.model)
    reader = MlmReader(tuned)
    for step in range(steps):
        batch = torch.randperm(len(chosen), generator=generator)[:BATCH]
        loss = functional.cross_entropy(texts.class_scores(tuned, reader, batch), labels[batch])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        yield TuningStep(step + 1, steps, loss.item())
    yield TunedAdapter(
        {name: value.detach().cpu().clone() for name, value in trained.items()}, template, label_words
    )


def _optimizer(trained: dict[str, torch.nn.Parameter]) -> torch.optim.Optimizer:
    rates = [
        {"params": [value for name, value in trained.items() if "lora_" in name], "lr": LORA_RATE},
        {"params": [value for name, value in trained.items() if "lora_" not in name], "lr": HEAD_RATE},
    ]
    return torch.optim.AdamW(rates)


def _verbalizer(loaded: LoadedModel, label_words: list[list[str]], whole_words: bool) -> WholeWordVerbalizer:
    """Of the words' tokens, one each unless they are read whole."""
    labels = [f"class {number}" for number in range(len(label_words))]
    if whole_words:
        verbalizer = whole_word_verbalizer(loaded, dict(zip(labels, label_words, strict=True)))
        if isinstance(verbalizer, WholeWordVerbalizer):
            return verbalizer
    ids = word_ids(label_words, loaded.tokenizer)
    tokens: list[list[tuple[int, ...]]] = [[(token,) for token in of_class.tolist()] for of_class in ids]
    return WholeWordVerbalizer(labels, label_words, tokens)


class _Texts:
    """Texts in a template, filled with each number of masks that a label word needs."""

    def __init__(self, loaded: LoadedModel, template: str, texts: list[str], verbalizer: WholeWordVerbalizer):
        counts = verbalizer.mask_counts
        short = [cut_text(loaded.tokenizer, text, LONGEST) for text in texts]
        self.verbalizer = verbalizer
        self.clozes = {
            n: [render_cloze(loaded, template, text, masks=n, room_for=counts[-1]) for text in short]
            for n in counts
        }

    def class_scores(self, tuned: LoadedModel, reader: MlmReader, batch: torch.Tensor) -> torch.Tensor:
        """Mean log-probability (nats) of each class's label words, (B, C). batch: places of texts, (B,)."""
        shares = []
        for masks, clozes in self.clozes.items():
            first, inputs = batch_of(tuned, [clozes[index] for index in batch])
            places = first[:, None] + torch.arange(masks, device=first.device)
            shares.append(self.verbalizer.share_of_scores(reader.at(places, **inputs)))
        return torch.stack(shares).sum(0)


def cut_text(tokenizer, text: str, longest: int) -> str:
    """The text, up to its longest-th token."""
    offsets = encode_plain(tokenizer, text, offsets=True).offset_mapping
    return text if len(offsets) <= longest else text[: offsets[longest - 1][1]]


def main() -> None:
    """The command: tune a model, show the loss, write the adapter."""
    tasks = {task.file: task for task in TUNED_TASKS}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--task", choices=[*tasks, "custom"], required=True)
    add("--model", default="", help="Hub id or folder of a masked language model (default: the built-in one)")
    add("--template", help='for --task custom, such as "A <mask> message : {text}"')
    add("--label-words", nargs="+", help="for --task custom, one argument per class, words parted by commas")
    add("--whole-words", action="store_true", help="label words may have several tokens, a mask for each")
    add("--train", type=Path, required=True, help="JSONL file, rows of {text, label}; labels count from 0")
    add("--shots", type=int, default=5, help="lines per class (default 5)")
    add("--steps", type=int, default=60)
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True, help="safetensors file to write")
    arguments = parser.parse_args()
    if arguments.task == "custom":
        if not (arguments.template and arguments.label_words):
            parser.error("--task custom needs --template and --label-words")
        template, words = arguments.template, [each.split(",") for each in arguments.label_words]
    else:
        task = tasks[arguments.task]
        template, words = task.templates[0], [[each[0]] for each in task.label_words]
    try:
        _tune_and_save(arguments, template, words)
    except MaskwiseError as error:
        parser.error(str(error))


def _tune_and_save(arguments: argparse.Namespace, template: str, words: list[list[str]]) -> None:
    loaded = load_model(arguments.model, Task.CLASSIFICATION)
    examples = read_examples(arguments.train)
    tuning = few_shot_tune(
        loaded.model, loaded.tokenizer, examples, template, words,
        whole_words=arguments.whole_words, shots=arguments.shots, steps=arguments.steps, seed=arguments.seed,
    )  # fmt: skip
    for event in tuning:
        if isinstance(event, TuningStep):
            print(f"\rstep {event.step}/{event.total}  loss {event.loss:.3f}", end="", flush=True)
        else:
            event.save(arguments.out)
            print(f"\nwrote {arguments.out}")


if __name__ == "__main__":
    main()
