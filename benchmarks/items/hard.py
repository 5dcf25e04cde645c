"""About 60 words and k = 5, where no optimum is known: best swap against the best of 20 XPrompt runs."""

from __future__ import annotations

from itertools import islice

from benchmarks.resumable import RowFile
from benchmarks.setting import RESULTS, Answered, Setting, answered
from explainers.best_swap import descend
from explainers.core.target import MIN_GAIN
from explainers.xprompt import random_swaps

NAME, TITLE = "hard", "About 60 words, k = 5: best swap against the best of 20 XPrompt runs of N = 200"
K, RUNS, ITERATIONS, NEW_TOKENS = 5, 20, 200, 16
WORDS = range(55, 66)


def measure(setting: Setting) -> dict:
    loaded = setting.load()
    run = {"model": loaded.name, "k": K, "runs": RUNS, "iterations": ITERATIONS, "new_tokens": NEW_TOKENS}
    store = RowFile(RESULTS / "hard.rows.jsonl", run)
    progress = store.progress(setting.repeat)
    for example in islice(answered(setting, loaded, WORDS, NEW_TOKENS), len(store.rows), setting.repeat):
        store.add(_compare(example))
        progress.step(f"{store.rows[-1]['best_swap']:.2f} against {min(store.rows[-1]['xprompt']):.2f}")
    store.remove()
    return run | {"rows": store.rows}


def table(result: dict) -> list[str]:
    lines = [
        "| words | best swap, log p | distinct masks | best of 20 | median of 20 | their distinct masks |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for row in result["rows"]:
        ordered = sorted(row["xprompt"])
        swapped = f"{row['best_swap']:.2f} | {row['distinct']}"
        others = f"{ordered[0]:.2f} | {ordered[len(ordered) // 2]:.2f} | {row['distinct_xprompt']}"
        lines.append(f"| {row['spans']} | {swapped} | {others} |")
    gaps = [row["best_swap"] - min(row["xprompt"]) for row in result["rows"]]
    above = [gap for gap in gaps if gap > MIN_GAIN]
    most = f", by at most {max(above):.2f} nats" if above else ""
    return [*lines, "", f"Best swap ends above the best of 20 in {len(above)} of {len(gaps)} prompts{most}."]


def _compare(example: Answered) -> dict:
    """One target for all, whose memory serves every run after the first."""
    target = example.target()
    *_, swapped = descend(target, K)
    distinct, reached = target.distinct_masks, []
    for seed in range(RUNS):
        *_, last = random_swaps(target, K, ITERATIONS, seed)
        reached.append(last.log_prob)
    return {
        "spans": len(target.spans),
        "best_swap": swapped.log_prob,
        "distinct": distinct,
        "xprompt": reached,
        "distinct_xprompt": target.distinct_masks - distinct,
    }
