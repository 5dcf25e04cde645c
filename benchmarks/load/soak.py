"""Mixed runs one after the other on a tiny model: whether the server's process stays as it is.

`python -m benchmarks.load.soak` (--runs 300). Numbers go into results/soak.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from dataclasses import asdict
from statistics import mean

from benchmarks.load.page import Page
from benchmarks.load.questions import Pool
from benchmarks.load.report import GOOD
from benchmarks.load.server import Server, Usage, serving
from benchmarks.load.visitors import Outcome, Visitor
from benchmarks.setting import RESULTS
from benchmarks.timing import machine
from tests.tiny_models import tiny_causal

WARM = 50  # runs, until which memory may grow
GROWTH = 0.05  # of memory after them, at most
ACTIONS = ("run", "click", "repeat", "stop", "load", "close")


async def soak(server: Server, runs: int, model: str) -> tuple[list[Outcome], list[Usage]]:
    page = Page(server.url)
    layout = await page.layout()
    await page.http.aclose()
    visitor, outcomes, usages = Visitor(server.url, layout, Pool(model), 0), [], [server.usage()]
    for number in range(runs):
        outcomes.append(await visitor.act(ACTIONS[number % len(ACTIONS)]))
        usages.append(server.usage())
    await visitor.leave()
    return outcomes, usages


def growth(usages: list[Usage]) -> float:
    """Of memory: the last ten runs against the ten after WARM."""
    warm, last = usages[WARM : WARM + 10], usages[-10:]
    return mean(u.megabytes for u in last) / mean(u.megabytes for u in warm) - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        tiny = tiny_causal("llama", chat=True)
        tiny.model.save_pretrained(folder)
        tiny.tokenizer.save_pretrained(folder)
        outcomes, usages = asyncio.run(soak(server, options.runs, folder))
    bad = [f"{each.action}: {each.end}" for each in outcomes if each.end not in GOOD]
    result = {"machine": machine(), "runs": options.runs, "growth": growth(usages), "not_right": bad}
    result |= {"usage": [asdict(usage) for usage in usages[:: max(1, len(usages) // 60)]]}
    (RESULTS / "soak.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    warm, last = usages[WARM], usages[-1]
    print(
        f"{options.runs} runs, {len(bad)} not right. After run {WARM} memory grew by {result['growth']:.1%}."
    )
    for name in ("megabytes", "threads", "descriptors", "files"):
        print(f"- {name}: {getattr(warm, name):.0f} after run {WARM}, {getattr(last, name):.0f} at the end")
    if bad or result["growth"] >= GROWTH:
        raise SystemExit("\n".join([*bad, "Not level."]))


if __name__ == "__main__":
    main()
