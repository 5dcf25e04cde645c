"""Hostile inputs for every surface: `python -m benchmarks.load.hostile` (--examples 1000, of each surface).

Served in this process, with the bounds for strangers, on tiny models. Prints what came back, and ends with an
error where anything was wrong. Numbers go into results/hostile.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from tempfile import TemporaryDirectory
from time import monotonic
from unittest import mock
from urllib.request import urlopen

from hypothesis import HealthCheck, Phase, given, settings

from benchmarks.setting import RESULTS
from benchmarks.timing import machine
from tests.hostile import CANARY, TOKEN, Said, Surface, problem
from tests.hostile_surfaces import surfaces

MOST_SHOWN = 12  # kinds of message of a surface, and inputs of a problem


@dataclass
class Tally:
    """What came back from a surface."""

    answered: int = 0
    refused: int = 0
    seconds: float = 0.0
    messages: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)  # an input of each problem

    def add(self, sent: object, said: Said) -> None:
        if wrong := problem(said):
            self.problems[wrong] += 1
            self.examples.setdefault(wrong, f"{sent!r:.600} -> {said.text:.600}")
        elif said.refused:
            self.refused += 1
            self.messages[kind_of(said.words)] += 1
        else:
            self.answered += 1


def kind_of(message: str) -> str:
    """The message without what it quotes."""
    return re.sub(r"\d+", "#", re.sub(r"(['\"]).*\1", "…", message, flags=re.DOTALL))[:100]


def tried(surface: Surface, examples: int) -> Tally:
    tally, began = Tally(), monotonic()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(surface.inputs)
    def try_one(sent: object) -> None:
        tally.add(sent, surface.answer(sent))

    try_one()
    tally.seconds = monotonic() - began
    return tally


@contextmanager
def served() -> Iterator[tuple[str, dict, list[dict]]]:
    """The address of a Maskwise for strangers, the config of its page, and results as they are saved."""
    from tests.served import served_app
    from tests.shared_records import classification_record, comparison_record, generation_record

    with TemporaryDirectory() as uploads:
        own = {"MASKWISE_PUBLIC": "1", "HF_TOKEN": TOKEN, "GRADIO_TEMP_DIR": uploads}
        with mock.patch.dict(os.environ, own), served_app() as url:
            config = json.loads(urlopen(f"{url}config", timeout=60).read())
            records = [generation_record(), classification_record(), comparison_record()]
            yield url, config, json.loads(json.dumps(records))


def measure(examples: int, only: str = "") -> dict:
    CANARY.unlink(missing_ok=True)
    with redirect_stderr(StringIO()) as log, served() as (url, config, records):
        chosen = [each for each in surfaces(url, config, records) if only in each.title]
        tallies = {each.title: tried(each, examples) for each in chosen}
        healthy = urlopen(f"{url}healthz", timeout=60).status == 200
    return {
        "machine": machine(),
        "surfaces": {title: vars(tally) for title, tally in tallies.items()},
        "healthy": healthy,
        "executed": CANARY.exists(),
        "tracebacks": log.getvalue().count("Traceback (most recent call last)"),
    }


def table(result: dict) -> list[str]:
    lines = ["| surface | inputs | answered | refused in words | kinds of message | problems |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for title, of in result["surfaces"].items():
        wrong = sum(of["problems"].values())
        counts = of["answered"] + of["refused"] + wrong, of["answered"], of["refused"], len(of["messages"])
        lines.append(f"| {title} | {' | '.join(map(str, counts))} | {wrong} |")
    health = "answers" if result["healthy"] else "DOES NOT ANSWER"
    executed = "SOMETHING" if result["executed"] else "nothing"
    said = f"Afterwards the server {health}; {executed} that was sent was run."
    return [*lines, "", f"{said} Tracebacks in its log: {result['tracebacks']}."]


def wrong(result: dict) -> list[str]:
    """Each kind of problem with an input that has it."""
    found = [
        f"{title}: {kind} ({of['problems'][kind]} times), as of {example}"
        for title, of in result["surfaces"].items()
        for kind, example in of["examples"].items()
    ]
    return found + ["The server is ill."] * (not result["healthy"]) + ["CODE WAS RUN."] * result["executed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="of each surface")
    parser.add_argument("--only", default="", help="the surfaces with this in their titles")
    options = parser.parse_args()
    result = measure(options.examples, options.only)
    if not options.only:
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        (RESULTS / "hostile.json").write_text(text, encoding="utf-8", errors="replace")
    print("\n".join(table(result)))
    for title, of in result["surfaces"].items():
        print(f"\n{title}, {of['seconds']:.0f} s")
        for message, count in Counter(of["messages"]).most_common(MOST_SHOWN):
            print(f"  {count:6} {message!r}")
    if found := wrong(result):
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
