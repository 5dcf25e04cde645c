"""How often the set that is shown first is as good as the proven one, on short prompts and on long ones.

A run ends after MINUTES; the next goes on where it ended, until all prompts are measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from time import perf_counter

from benchmarks.resumable import RowFile
from benchmarks.setting import RESULTS, Answered, Setting, answered
from explainers import EXPLAINERS, read_options
from explainers.core.target import MIN_GAIN
from explainers.core.types import Explanation

NAME, TITLE = "proof", "The set shown first against the proven one, k = 3"
METHOD, K, NEW_TOKENS = "best_within_budget", 3, 8
SIZES = {"short": (range(8, 19), 60), "long": (range(55, 66), 12)}  # words, and how many prompts
MINUTES = 12
CLOSE = 0.02  # of the drop that the proven set makes


def measure(setting: Setting) -> dict:
    loaded = setting.load()
    run = {"model": loaded.name, "k": K, "new_tokens": NEW_TOKENS}
    store, prompts = RowFile(RESULTS / "proof.rows.jsonl", run), sum(n for _, n in SIZES.values())
    progress, started = store.progress(prompts), perf_counter()
    for size, example in timed_examples(setting, loaded, store.rows):
        if perf_counter() - started > 60 * MINUTES:
            break
        store.add({"size": size} | compared(example))
        progress.step(f"{size}, {store.rows[-1]['spans']} words")
    if len(store.rows) == prompts:
        store.remove()
    return run | {"rows": store.rows}


def table(result: dict) -> list[str]:
    lines = [
        f"| prompts | measured | same log p | within {CLOSE:.0%} of its drop | mean masks until shown |",
        "|---|---:|---:|---:|---:|",
    ]
    for size, (words, count) in SIZES.items():
        if rows := [row for row in result["rows"] if row["size"] == size]:
            same = sum(row["shown"] - row["proven"] < 2 * MIN_GAIN for row in rows)
            close = sum(row["shown"] - row["proven"] <= CLOSE * (row["full"] - row["proven"]) for row in rows)
            masks = sum(row["masks"] for row in rows) / len(rows)
            title = f"{size}, {words[0]} to {words[-1]} words"
            lines.append(f"| {title} | {len(rows)} of {count} | {same} | {close} | {masks:.0f} |")
    return lines


def timed_examples(setting: Setting, loaded, rows: list[dict]) -> Iterator[tuple[str, Answered]]:
    """What is left of each size, in turn: of the short ones, five to each long one."""
    left = {}
    for size, (words, count) in SIZES.items():
        done = sum(row["size"] == size for row in rows)
        left[size] = islice(answered(setting, loaded, words, NEW_TOKENS), done, count)
    while left:
        for size, number in (("short", 5), ("long", 1)):
            found = list(islice(left.get(size, iter(())), number))
            yield from ((size, example) for example in found)
            if not found:
                left.pop(size, None)


def compared(example: Answered) -> dict:
    """log p of the whole prompt, without the set shown first, and without the last; masks until shown."""
    target, method = example.target(), EXPLAINERS[METHOD]
    stream = method(read_options(method, {}, K)).stream(target)
    found = [event for event in stream if isinstance(event, Explanation)]
    return {
        "spans": len(target.spans),
        "full": target.log_prob_of(target.full_mask()),
        "shown": target.log_prob_of(found[0].mask),
        "proven": target.log_prob_of(found[-1].mask),
        "masks": found[0].distinct_masks,
    }
