"""XPrompt against Algorithm 1 run as published: the same path, and how much sooner."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice

from benchmarks.published import PublishedTarget, published_search
from benchmarks.resumable import RowFile
from benchmarks.setting import RESULTS, Answered, Setting, answered
from benchmarks.timing import shown, spread, timed
from explainers.xprompt import random_swaps


@dataclass(frozen=True)
class Case:
    """Prompts whose number of spans at this granularity is in `spans`."""

    granularity: str
    spans: range

    @property
    def title(self) -> str:
        return f"{self.spans.start} to {self.spans.stop - 1} {self.granularity}s"


NAME, TITLE = "trajectory", "XPrompt, N = 200, k = 3, against Algorithm 1 as published"
K, ITERATIONS, NEW_TOKENS = 3, 200, 60
CASES = (Case("word", range(12, 21)), Case("token", range(55, 66)))
ROUNDING = 0.01  # nats


def measure(setting: Setting) -> dict:
    """The same number of prompts for each case."""
    loaded = setting.load()
    run = {"model": loaded.name, "k": K, "iterations": ITERATIONS, "new_tokens": NEW_TOKENS}
    store = RowFile(RESULTS / "trajectory.rows.jsonl", run)
    progress = store.progress(setting.repeat * len(CASES))
    for case in CASES:
        done = len(_rows_of(case, store.rows))
        examples = answered(setting, loaded, case.spans, NEW_TOKENS, NEW_TOKENS, case.granularity)
        for example in islice(examples, done, setting.repeat):
            _search(example.target())  # warm up: the half-precision copy is made, batches are calibrated
            store.add(_compare(example) | {"case": case.title})
            progress.step(f"{store.rows[-1]['times_exact']:.1f} times faster")
    store.remove()
    return run | {"cases": {case.title: _summary(_rows_of(case, store.rows)) for case in CASES}}


def table(result: dict) -> list[str]:
    return [line for title, case in result["cases"].items() for line in _case_table(title, case)][:-1]


def _rows_of(case: Case, rows: list[dict]) -> list[dict]:
    return [row for row in rows if row["case"] == case.title]


def _summary(rows: list[dict]) -> dict:
    columns = [name for name in rows[0] if isinstance(rows[0][name], float)]
    return {
        "prompts": len(rows),
        "same_path": all(row["same_path"] for row in rows),
        **{name: spread([row[name] for row in rows]) for name in columns},
        "rows": rows,
    }


def _case_table(title: str, case: dict) -> list[str]:
    confirmed = ""
    rows = [f"| as published | {shown(case['published'], 1)} | 1 | |"]
    for name, way in (("exact", "fp32 throughout"), ("screened", "screened in bfloat16")):
        if name in case:
            times = f"{shown(case[name], 1)} | {shown(case['times_' + name], 1)}"
            rows.append(f"| {way} | {times} | {shown(case['distinct'], 0)} |")
    if "screened" in case:
        confirmed = f" Of the screened masks, {shown(case['confirmed'], 0)} were evaluated in fp32."
    return [
        f"{title}: {case['prompts']} prompts, one run each; median (range). The same path as published: "
        f"{'yes, at every step' if case['same_path'] else 'NO'}.{confirmed}",
        "",
        f"| {title} | seconds | times faster | distinct masks |",
        "|---|---:|---:|---:|",
        *rows,
        "",
    ]


def _compare(example: Answered) -> dict:
    """The published procedure and ours; screened only where the processor multiplies bfloat16 fast."""
    published = PublishedTarget(example)
    reference, base = timed(lambda: _path(published_search(published, K, ITERATIONS, seed=0)))
    target = example.target(screening=False)
    exact = _against(target, "exact", reference, base)
    row = {"published": base, **exact, "distinct": float(target.distinct_masks)}
    row |= {"spans": len(target.spans), "prompt_tokens": len(example.prompt.input_ids)}
    target = example.target()
    if target.screen is None:
        return row
    screened = _against(target, "screened", reference, base)
    same = exact["same_path"] and screened["same_path"]
    confirmed = float(target.forward_passes - len(target.screen.estimates))
    return row | screened | {"same_path": same, "confirmed": confirmed, "note": " ".join(target.notes())}


def _against(target, name: str, reference: list[tuple], base: float) -> dict:
    """One search by us, next to the published one's path and its seconds."""
    path, time = timed(partial(_search, target))
    return {name: time, f"times_{name}": base / time, "same_path": _same(path, reference)}


def _search(target) -> list[tuple]:
    return _path(random_swaps(target, K, ITERATIONS, seed=0))


def _path(steps) -> list[tuple]:
    return [(step.mask, step.accepted, step.log_prob) for step in steps]


def _same(path: list[tuple], reference: list[tuple]) -> bool:
    """The same masks and decisions at every step, and log p within the rounding of fp32."""
    steps = zip(path, reference, strict=True)
    return all(one[:2] == other[:2] and abs(one[2] - other[2]) < ROUNDING for one, other in steps)
