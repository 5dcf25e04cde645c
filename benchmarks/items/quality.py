"""How often each search finds the optimum, and for how many evaluations.

All sets of up to k words are evaluated once per prompt; the searches then look values up. Only what can be
the optimum is evaluated exactly, the rest by bfloat16 estimates where the target screens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, groupby, islice
from statistics import mean

import torch

from benchmarks.resumable import RowFile
from benchmarks.setting import RESULTS, Answered, Setting, answered
from explainers import EXPLAINERS, read_options
from explainers.best_swap import descend
from explainers.core.target import MIN_GAIN
from explainers.core.types import Explanation, Mask, mask_without
from explainers.targets.base import ScoredTarget, as_masks
from explainers.targets.batching import Passes
from explainers.targets.remembered import Remembered
from explainers.xprompt import random_swaps

NAME, TITLE = "quality", "Quality for cost, k = 3, up to 18 words"
K, PROMPTS, SEEDS, NEW_TOKENS = 3, 60, 40, 8
WORDS = range(8, 19)
RANDOM = {
    "XPrompt": {},
    "XPrompt without initialisation": {"initialisation": "random"},
    "XPrompt without probability (uniform swaps)": {"proposals": "uniform"},
}
ITERATIONS = (50, 100, 200)
CONSTRUCTION = "construction of best swap alone"
SHOWN, PROVED = "best within a budget, as shown first", "best within a budget, at its end"


class TableScorer:
    """Looks log p up."""

    def __init__(self, table: dict[Mask, float]):
        self.table = table

    def log_prob(self, masks: torch.Tensor) -> torch.Tensor:
        return torch.tensor([self.table[mask] for mask in as_masks(masks)], dtype=torch.float64)


class TableTarget(ScoredTarget):
    """A target over a table; counts distinct masks as the model's target does."""

    def __init__(self, table: dict[Mask, float], spans: Sequence, gradient: torch.Tensor):
        super().__init__(spans, Passes(), Remembered(TableScorer(table).log_prob))
        self._gradient = gradient

    def mask_gradient(self):
        return self._gradient


def measure(setting: Setting, prompts: int = PROMPTS) -> dict:
    loaded = setting.load()
    run = {"model": loaded.name, "k": K, "new_tokens": NEW_TOKENS, "words": [WORDS[0], WORDS[-1]]}
    store = RowFile(RESULTS / "quality.rows.jsonl", run)
    progress = store.progress(prompts)
    for example in islice(answered(setting, loaded, WORDS, NEW_TOKENS), len(store.rows), prompts):
        store.add(_evaluated(example))
        progress.step(f"{store.rows[-1]['spans']} words")
    rows = [{"spans": row["spans"], "searches": _searches(row)} for row in store.rows]
    store.remove()
    each = [{"spans": row["spans"], "best_swap": row["searches"]["best swap"][0]} for row in rows]
    return run | {"prompts": len(each), "searches": summary(rows), "rows": each}


def summary(rows: list[dict]) -> dict:
    """Per search: share of runs that reach the optimum, and mean distinct masks per run."""
    found = {}
    for name in rows[0]["searches"]:
        runs = [run for row in rows for run in row["searches"][name]]
        found[name] = {
            "optimal": mean(gap < 2 * MIN_GAIN for gap, _ in runs),
            "distinct": mean(distinct for _, distinct in runs),
            "mean_gap": mean(gap for gap, _ in runs),
            "runs": len(runs),
        }
    return found


def table(result: dict) -> list[str]:
    lines = ["| search | optimum reached | distinct masks | mean gap, nats |", "|---|---:|---:|---:|"]
    for name, values in sorted(result["searches"].items(), key=lambda pair: pair[1]["distinct"]):
        lines.append(
            f"| {name} | {values['optimal']:.1%} | {values['distinct']:.0f} | {values['mean_gap']:.2f} |"
        )
    return [f"{result['prompts']} prompts; the optimum of each is known.", "", *lines]


def _evaluated(example: Answered) -> dict:
    """log p of every set of at most K removed spans, and the gradient: all that the searches ask for."""
    target = example.target()
    count, values = len(target.spans), []
    for size in range(K + 1):
        # Sets that begin with the same span share the keys and values of what stands before the next.
        for _, group in groupby(combinations(range(count), size), lambda removed: removed[:1]):
            sets = list(group)
            masks = torch.tensor([mask_without(count, removed) for removed in sets])
            values += zip(sets, target.lowest(masks).tolist(), strict=True)
    return {"spans": count, "gradient": target.mask_gradient().tolist(), "values": values}


def _searches(row: dict) -> dict[str, list[tuple[float, int]]]:
    """Gap to the optimum and distinct masks of every run of every search on one prompt."""
    values = {mask_without(row["spans"], removed): value for removed, value in row["values"]}
    optimum = min(value for mask, value in values.items() if mask.count(0) == K)

    def fresh() -> TableTarget:
        return TableTarget(values, range(row["spans"]), torch.tensor(row["gradient"]))

    searches = {"best swap": [descent(fresh(), optimum)]}
    searches[SHOWN], searches[PROVED] = ([run] for run in _budgeted(fresh(), optimum))
    searches[CONSTRUCTION] = [descent(fresh(), optimum, construction_only=True)]
    searches["top 3 of single ablation"] = [_top(fresh(), optimum)]
    for name, settings in RANDOM.items():
        runs = [at_random(fresh(), optimum, seed, settings) for seed in range(SEEDS)]
        for column, iterations in enumerate(ITERATIONS):
            searches[f"{name}, N = {iterations}"] = [run[column] for run in runs]
    return searches


def at_random(target, optimum, seed, settings) -> list[tuple[float, int]]:
    """Gap and distinct masks after each of ITERATIONS."""
    steps = random_swaps(target, K, ITERATIONS[-1], seed, **settings)
    return [(step.log_prob - optimum, target.distinct_masks) for step in steps if step.step in ITERATIONS]


def descent(target, optimum, construction_only: bool = False) -> tuple[float, int]:
    value = math.inf
    for step in descend(target, K):
        if construction_only and step.mask.count(0) == K and not step.accepted:
            break
        value, distinct = step.log_prob, target.distinct_masks
    return value - optimum, distinct


def _budgeted(target: TableTarget, optimum: float) -> tuple[tuple[float, int], tuple[float, int]]:
    """Gap and distinct masks when a set is first shown, and at the end."""
    method = EXPLAINERS["best_within_budget"]
    runs = []
    for event in method(read_options(method, {}, K)).stream(target):
        if isinstance(event, Explanation):
            runs.append((target.log_prob_of(event.mask) - optimum, target.distinct_masks))
    return runs[0], runs[-1]


def _top(target, optimum) -> tuple[float, int]:
    singles = 1 - torch.eye(len(target.spans), dtype=torch.int64)
    mask = torch.ones(len(target.spans), dtype=torch.int64)
    mask[target.log_prob(singles).argsort()[:K]] = 0
    return target.log_prob(mask[None]).item() - optimum, target.distinct_masks
