"""Few-shot tuning of the whole masked language model, as KPT's fewshot.py does it."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, replace

from explainers.core.deferred_torch import no_grad, torch
from explainers.models.loaded import LoadedModel
from explainers.targets.mlm_head import MlmReader, batch_of
from explainers.text.templates import Cloze, render_cloze
from explainers.verbalizers.base import Verbalizer
from studies.data import Item
from studies.study import Tuning
from training.few_shot import cut_text, sample_shots

WEIGHT_DECAY, LARGEST_GRADIENT = 0.01, 1.0
UNDECAYED = ("bias", "LayerNorm.weight", "layer_norm.weight")
Examples = list[tuple[str, int]]


@dataclass(frozen=True)
class Scored:
    """A model while it is tuned, and what reads classes in it."""

    loaded: LoadedModel
    verbalizer: Verbalizer
    reader: MlmReader


def shots_of(items: list[Item], classes: int, shots: int, seed: int) -> tuple[Examples, Examples]:
    """Texts to tune on, and as many others to choose the best epoch by, `shots` of each class.

    Where a class has no others, the epoch is chosen by the texts that are tuned on.
    """
    examples = [(item.text, item.label) for item in items if item.label is not None]
    tuned_on = sample_shots(examples, classes, shots, seed)
    taken = set(tuned_on)
    rest = [example for example in examples if example not in taken]
    others = len({label for _, label in rest}) == classes
    return tuned_on, sample_shots(rest, classes, shots, seed) if others else tuned_on


def tune_whole(
    loaded: LoadedModel, template: str, verbalizer: Verbalizer, shots: tuple[Examples, Examples],
    tuning: Tuning, seed: int,
) -> LoadedModel:  # fmt: skip
    """A tuned copy of the model: AdamW on the cross-entropy of class scores at <mask>, the rate falling to 0.

    Of its epochs the last one with the best accuracy on the other shots is taken. With dropout, as there.
    """
    train, held_out = (
        [(cloze_of(loaded, template, text, tuning), label) for text, label in part] for part in shots
    )
    tuned = replace(loaded, model=copy.deepcopy(loaded.model).requires_grad_(True))
    # The reader is made before dropout is on: it tries how the model may be read.
    scored = Scored(tuned, verbalizer, MlmReader(tuned))
    steps = tuning.epochs * -(-len(train) // tuning.batch)
    optimizer = torch.optim.AdamW(_groups(tuned.model), lr=tuning.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    order, best, weights = random.Random(seed), -1.0, {}
    with torch.enable_grad(), torch.random.fork_rng(devices=_devices(loaded)):
        torch.manual_seed(seed)  # of dropout
        for _ in range(tuning.epochs):
            tuned.model.train()
            shuffled = order.sample(train, len(train))
            for start in range(0, len(shuffled), tuning.batch):
                mean_loss(scored, shuffled[start : start + tuning.batch]).backward()
                torch.nn.utils.clip_grad_norm_(tuned.model.parameters(), LARGEST_GRADIENT)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
            tuned.model.eval()
            if (found := _accuracy(scored, held_out)) >= best:
                best, weights = found, copy.deepcopy(tuned.model.state_dict())
    tuned.model.load_state_dict(weights)
    tuned.model.eval().requires_grad_(False)
    return tuned


def _groups(model) -> list[dict]:
    """Its weights with decay and without."""
    named = [(name.endswith(UNDECAYED), weight) for name, weight in model.named_parameters()]
    return [
        {"params": [weight for bare, weight in named if bare is plain], "weight_decay": decay}
        for plain, decay in ((False, WEIGHT_DECAY), (True, 0.0))
    ]


def _devices(loaded: LoadedModel) -> list:
    return [loaded.device] if loaded.device.type == "cuda" else []


def cloze_of(loaded: LoadedModel, template: str, text: str, tuning: Tuning) -> Cloze:
    """The text, up to its longest allowed token, in the template."""
    return render_cloze(loaded, template, cut_text(loaded.tokenizer, text, tuning.longest))


def _scores(scored: Scored, clozes: list[Cloze]) -> torch.Tensor:
    """Class scores at <mask>, (B, C)."""
    position, inputs = batch_of(scored.loaded, clozes)
    return scored.verbalizer.class_scores(scored.reader.at(position[:, None], **inputs)[:, 0])


def mean_loss(scored: Scored, batch: list[tuple[Cloze, int]]) -> torch.Tensor:
    """Mean cross-entropy of a batch, nats."""
    scores = _scores(scored, [cloze for cloze, _ in batch])
    labels = torch.tensor([label for _, label in batch], device=scores.device)
    return torch.nn.functional.cross_entropy(scores, labels)


@no_grad
def _accuracy(scored: Scored, examples: list[tuple[Cloze, int]]) -> float:
    hits = [_scores(scored, [cloze]).argmax(-1).item() == label for cloze, label in examples]
    return sum(hits) / len(hits)
