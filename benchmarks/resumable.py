"""Long measurements: rows that survive a run that is cut off."""

from __future__ import annotations

import json
from pathlib import Path

from studies.progress import Progress


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

    def progress(self, total: int) -> Progress:
        """Of a run of `total` rows in all, some of which may be there from before."""
        return Progress(total - len(self.rows), len(self.rows))

    def remove(self) -> None:
        self.path.unlink()
