"""Learn what AT2 must know of a model's attention heads: `python -m benchmarks.at2_weights [--model NAME]`.

Each prompt is answered, and log p of the answer measured under random masks. Weights of heads are then fitted
to three fifths of the prompts, stopped where they serve another fifth best, and judged on the last. What was
learned goes to assets/at2; a prompt takes some seconds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import mean

import torch

from benchmarks.setting import Answered, Setting, answered
from explainers.at2 import FOLDER, HeadWeights, attention_paid
from studies.progress import Progress

WORDS, NEW_TOKENS, LEAST_TOKENS = range(8, 31), 24, 4
MASKS, KEEP = 32, 0.5  # random masks per prompt, and the probability with which each keeps a word
STEPS, RATE, DECAY = 150, 0.01, 0.01  # of AdamW


@dataclass(frozen=True)
class Example:
    """One prompt. attention: (heads of all layers, T). removed: (N, T), 1 where a mask removes. drops: of
    log p, (N,), nats. single: the same for each word alone, (T,)."""

    attention: torch.Tensor
    removed: torch.Tensor
    drops: torch.Tensor
    single: torch.Tensor

    def correlation(self, scores: torch.Tensor) -> torch.Tensor:
        """Pearson's r, over the masks, of the drops and the sums of the removed words' scores, (T,) → ()."""
        return torch.corrcoef(torch.stack([self.removed @ scores, self.drops]))[0, 1]


def example(answered: Answered, generator: torch.Generator) -> Example:
    target = answered.target(screening=False)
    spans = len(target.spans)
    random = torch.rand(MASKS, spans, generator=generator) < KEEP
    masks = torch.cat([torch.ones(1, spans), random, 1 - torch.eye(spans)]).int()
    full, *rest = target.log_prob(masks)
    drops = full - torch.stack(rest)
    attention = attention_paid(target).flatten(0, 1)
    return Example(attention.double(), 1 - random.double(), drops[:MASKS], drops[MASKS:])


def fit(examples: list[Example], apart: list[Example]) -> torch.Tensor:
    """The weights of heads that serve `apart` best, of all that the steps on `examples` pass through."""
    heads = len(examples[0].attention)
    weights = torch.full((heads,), 1 / heads, dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.AdamW([weights], lr=RATE, weight_decay=DECAY)
    best, found = -1.0, weights.detach().clone()
    for _ in range(STEPS):
        optimizer.zero_grad()
        (-served(examples, lambda each: weights @ each.attention)).backward()
        optimizer.step()
        with torch.no_grad():
            reached = served(apart, lambda each: weights @ each.attention).item()
        if reached > best:
            best, found = reached, weights.detach().clone()
    return found


def served(examples: list[Example], scores: Callable[[Example], torch.Tensor]) -> torch.Tensor:
    """The mean correlation of scores, over prompts, ()."""
    return torch.stack([each.correlation(scores(each)) for each in examples]).mean()


def learn(setting: Setting, prompts: int, seed: int) -> HeadWeights:
    loaded, generator = setting.load(), torch.Generator().manual_seed(seed)
    progress, examples = Progress(prompts), []
    for found in islice(answered(setting, loaded, WORDS, NEW_TOKENS, LEAST_TOKENS), prompts):
        examples.append(example(found, generator))
        progress.step(f"mean drop {mean(examples[-1].drops.tolist()):.2f} nats")
    fifth = len(examples) // 5
    kept, stopping, fitted = examples[:fifth], examples[fifth : 2 * fifth], examples[2 * fifth :]
    weights = fit(fitted, stopping)
    scorers = {
        "at2": lambda each: weights @ each.attention,
        "mean_attention": lambda each: each.attention.mean(0),
        "feature_ablation": lambda each: each.single,
    }
    return HeadWeights(
        model=loaded.name,
        revision=loaded.revision,
        weights=[[round(w, 5) for w in row] for row in _by_layer(weights, loaded.model).tolist()],
        prompts=len(fitted),
        masks=MASKS,
        held_out=len(kept),
        correlations={name: round(served(kept, scorer).item(), 3) for name, scorer in scorers.items()},
    )


def _by_layer(weights: torch.Tensor, model) -> torch.Tensor:
    return weights.reshape(model.config.get_text_config().num_hidden_layers, -1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="", help="Hub id or folder; the built-in model if none is named")
    parser.add_argument("--data", default="", help="folder or file of JSONL, or Hub dataset, with prompts")
    parser.add_argument("--prompts", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    learned = learn(Setting(options.model, options.data), options.prompts, options.seed)
    path = FOLDER / f"{Path(learned.model).name.lower()}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(asdict(learned)) + "\n", encoding="utf-8")
    print(f"{path}: {learned.correlations}")


if __name__ == "__main__":
    main()
