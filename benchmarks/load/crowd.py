"""Forty visitors at once before the real app on this machine: `make load` (SECONDS=300, CLIENTS=40).

Each answer is compared with the same question computed alone, afterwards. Numbers go into results/load.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from time import monotonic

from benchmarks.load.page import Page
from benchmarks.load.questions import Pool
from benchmarks.load.report import measured, table, wrong
from benchmarks.load.server import Server, Usage, serving
from benchmarks.load.visitors import Outcome, Visitor
from benchmarks.setting import RESULTS
from benchmarks.timing import machine

WAITING = 12  # places in the line: fewer than visitors, so that some are refused
EVERY = 2.0  # seconds between two looks at the server's process
SETTLE_SECONDS = 5.0


async def crowd(server: Server, clients: int, seconds: float) -> tuple[list[Outcome], list[Usage]]:
    """Visitors that come and go for so long; those who wait then are waited for."""
    pool, usages = Pool(), [server.usage()]
    page = Page(server.url)
    layout, until = await page.layout(), monotonic() + seconds
    await page.http.aclose()
    watching = asyncio.create_task(_watch(server, usages))
    stays = [Visitor(server.url, layout, pool, seed).stay(until) for seed in range(clients)]
    outcomes = [outcome for stay in await asyncio.gather(*stays) for outcome in stay]
    watching.cancel()
    await asyncio.sleep(SETTLE_SECONDS)
    usages.append(server.usage())
    return outcomes, usages


async def _watch(server: Server, usages: list[Usage]) -> None:
    while True:
        await asyncio.sleep(EVERY)
        usages.append(server.usage())


def measure(clients: int, seconds: float) -> dict:
    with serving(MASKWISE_WAITING=str(WAITING)) as server:
        began, before = monotonic(), len(server.jobs())
        outcomes, usages = asyncio.run(crowd(server, clients, seconds))
        lasted = monotonic() - began
        healthy = server.answers("healthz") and server.answers("readyz") and server.answers("")
        jobs, tracebacks = server.jobs()[before:], server.tracebacks()
    compared = len({each.question for each in outcomes if each.question})
    told = {"clients": clients, "lasted": lasted, "healthy": healthy, "tracebacks": tracebacks}
    told |= {"compared": compared, "wrong": wrong(outcomes), "machine": machine()}
    return told | measured(outcomes, jobs, usages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=300)
    options = parser.parse_args()
    result = measure(options.clients, options.seconds)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "load.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print("\n".join(table(result)))
    for each in result["wrong"]:
        print(f"NOT RIGHT: {each}")
    if result["wrong"] or not result["healthy"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
