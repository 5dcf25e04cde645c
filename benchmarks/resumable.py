"""Long measurements: rows that survive a cut-off run, and progress with the time that is left."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter

EVERY = 5.0  # seconds between two lines of progress


class RowFile:
    """Rows of one run as JSON lines, written as they come. The first line is the run itself: rows of any
    other run are thrown away, and so is a row that was only half written."""

    def __init__(self, path: Path, run: dict):
        self.path, self.rows = path, []
        header = json.dumps(run)
        written = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
        kept = written[1:-1] if written and written[0] == header else []
        self.rows = [json.loads(line) for line in kept]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *kept, ""]), encoding="utf-8")

    def add(self, row: dict) -> None:
        self.rows.append(row)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def remove(self) -> None:
        self.path.unlink()


class Progress:
    """Prints, at most every few seconds, how far a run of `total` equal parts is and when it will end."""

    def __init__(self, total: int):
        self.total, self.done = total, 0
        self.started = self.shown = perf_counter()

    def step(self, what: str) -> None:
        self.done += 1
        now = perf_counter()
        if now - self.shown < EVERY and self.done < self.total:
            return
        self.shown = now
        left = (now - self.started) / self.done * (self.total - self.done)
        print(f"{self.done}/{self.total}  {what}  {left / 60:.1f} minutes left", file=sys.stderr, flush=True)
