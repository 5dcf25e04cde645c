"""What a visitor waits for: in this version, and in an earlier one where --before names a folder with it.

`git worktree add ../before 8f595d8` makes one; then `python -m benchmarks.run live --before ../before`.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, sleep

from benchmarks.items.start import Served, events, served
from benchmarks.resumable import RowFile
from benchmarks.setting import RESULTS, Setting, words_of

NAME, TITLE = "live", "Live: what a visitor waits for, k = 3, answers of 60 tokens"
ROOT = Path(__file__).parents[2]
NOW, BEFORE = "now", "before"
WORDS = (14, 38, 300)
METHOD, K, NEW_TOKENS = "best_within_budget", 3, 60
NOT_READY = 503
LIMIT = 240  # seconds: a run that takes longer is cut off
ROWS = {
    "page": "page served, from the command, s",
    "config": "config of the page, kB",
    "tokens": "tokens of an answer per second",
    "first_word": "first coloured word after the answer is written, s",
    "shown": "set and answer without it shown, from Run, s",
    "masks": "masks until shown",
    "end": "proved, or the search's end, from Run, s",
    "again": "an equal request again, s",
}


def measure(setting: Setting) -> dict:
    folders = {BEFORE: Path(setting.before)} if setting.before else {}
    run = {"model": setting.model, "words": WORDS, "limit": LIMIT, "versions": [*folders, NOW]}
    store = RowFile(RESULTS / "live.rows.jsonl", run)
    done = {(row["version"], row["words"]) for row in store.rows}
    texts = {count: words_of(setting.texts(), count) for count in WORDS}
    for version, folder in (folders | {NOW: ROOT}).items():
        left = [count for count in WORDS if (version, count) not in done]
        for row in _measured(folder.resolve(), setting.model, {count: texts[count] for count in left}):
            store.add(row | {"version": version})
    store.remove()
    return run | {"rows": store.rows}


def table(result: dict) -> list[str]:
    """A line per measurement and length, a column per version."""
    found = {(row["version"], row["words"]): row for row in result["rows"]}
    versions = result["versions"]
    lines = [f"| | words | {' | '.join(versions)} |", f"|---|---:|{'---:|' * len(versions)}"]
    for name, title in ROWS.items():
        for words in result["words"]:
            cells = [_cell(found[version, words], name, result["limit"]) for version in versions]
            if any(cells):
                lines.append(f"| {title} | {words} | {' | '.join(cells)} |")
    return lines


def _cell(row: dict, name: str, limit: float) -> str:
    if name in row:
        return f"{row[name]:.0f}" if name in ("config", "masks") else f"{row[name]:.2f}"
    return f"over {limit}" if row["cut_off"] and name in ("shown", "end") else ""


def _measured(folder: Path, model: str, texts: dict[int, str]) -> Iterator[dict]:
    """A row per text, all from one served page."""
    if not texts:
        return
    with served(folder) as page:
        _warm_up(page, model)
        for words, text in texts.items():
            row = run_in_page(page, model, text)
            if not row["cut_off"]:
                row["again"] = _again(page, model, text)
            if words == WORDS[0]:
                config = urllib.request.urlopen(f"{page.url}config").read()
                row |= {"page": page.seconds, "config": len(config) / 1000}
            yield {"words": words} | row


def _asked(page: Served, model: str, text: str) -> Iterator[tuple[float, dict]]:
    return events(page.url, LIMIT, text, model, METHOD, K, max_new_tokens=NEW_TOKENS)


def _warm_up(page: Served, model: str) -> None:
    """Load the model, and whatever is made on first use; then wait until the server's own preparation, which
    would take a core from what is measured, is over."""
    for _ in events(page.url, LIMIT, "Name three colours, please.", model, METHOD, 1, max_new_tokens=8):
        pass
    started = perf_counter()
    while perf_counter() - started < LIMIT and _status(f"{page.url}readyz") == NOT_READY:
        sleep(0.1)


def _status(url: str) -> int:
    try:
        return urllib.request.urlopen(url).status
    except urllib.error.HTTPError as error:
        return error.code


def run_in_page(page: Served, model: str, text: str) -> dict:
    """Seconds to what the page shows, from the events that it is told."""
    written, row = [], {"cut_off": True}
    for seconds, event in _asked(page, model, text):
        if event["type"] == "response":
            written.append(seconds)
        elif event["type"] == "step":
            row.setdefault("first_word", seconds - written[-1])
        elif event["type"] in ("shown", "explanation"):
            row.setdefault("shown", seconds)
            row.setdefault("masks", event["distinct_masks"])
        if event["type"] == "explanation":
            row |= {"end": seconds, "cut_off": False}
    if len(written) > 1:
        row["tokens"] = (len(written) - 1) / (written[-1] - written[0])
    return row


def _again(page: Served, model: str, text: str) -> float:
    return next(seconds for seconds, event in _asked(page, model, text) if event["type"] == "explanation")
