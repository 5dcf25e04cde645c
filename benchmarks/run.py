"""Every measurement of speed and search quality in one run on one machine: a table, and files in `results/`.

`python -m benchmarks.run` measures all items; `python -m benchmarks.run limit growth` some. Prompts come
from --data (or MASKWISE_DATA): a folder of JSONL files, one file, or a Hub dataset. A run that was cut off
keeps the items, and in long ones the prompts, that it had finished.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module

from benchmarks.charts.items import draw
from benchmarks.setting import RESULTS, Setting
from benchmarks.timing import machine, measure_on_a_busy_machine

ITEMS = (
    *("limit", "start", "growth", "peers", "trajectory", "hard", "quality"),
    *("drafts", "live", "proof", "redraws", "rooms"),
)


def run(name: str, setting: Setting) -> str:
    """Measure one item and write its numbers and chart; returns its part of the table."""
    item = import_module(f"benchmarks.items.{name}")
    print(f"Measuring: {item.TITLE}", file=sys.stderr, flush=True)
    before = machine()
    result = {"title": item.TITLE, "machine": before, **item.measure(setting)}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    draw(name, result, RESULTS)
    return section(item, result)


def section(item, result: dict) -> str:
    at = result["machine"]
    kind = at["gpu"] or f"{at['cpu']}, {at['threads']} of {at['cores']} cores, {at['time']} time"
    versions = f"torch {at['torch']}, transformers {at['transformers']}, captum {at['captum']}"
    footer = f"{kind}; {versions}; load before the run {at['load']:.1f}."
    return "\n".join([f"### {item.TITLE}", "", *item.table(result), "", footer, ""])


def stored() -> list[str]:
    """The parts of the table of all items that have been measured."""
    files = {name: RESULTS / f"{name}.json" for name in ITEMS}
    return [
        section(import_module(f"benchmarks.items.{name}"), json.loads(file.read_text()))
        for name, file in files.items()
        if file.exists()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("items", nargs="*", help=f"of {', '.join(ITEMS)}; all if none is named")
    parser.add_argument("--model", default="", help="Hub id or folder; the built-in model if none is named")
    parser.add_argument(
        "--data", default="", help="folder or file of JSONL with one prompt per line, or Hub dataset"
    )
    parser.add_argument("--repeat", type=int, default=5, help="times each measurement is repeated")
    parser.add_argument(
        "--busy", action="store_true", help="one thread, its processor time: for a busy machine"
    )
    parser.add_argument("--before", default="", help="folder of an earlier version, for `live`")
    options = parser.parse_args()
    if unknown := set(options.items) - set(ITEMS):
        parser.error(f"no item {unknown.pop()!r}; there are: {', '.join(ITEMS)}")
    if options.busy:
        measure_on_a_busy_machine()
    setting = Setting(options.model, options.data, options.repeat, options.before)
    for name in options.items or ITEMS:
        print(run(name, setting), flush=True)
    (RESULTS / "speed.md").write_text("\n".join(stored()), encoding="utf-8")


if __name__ == "__main__":
    main()
