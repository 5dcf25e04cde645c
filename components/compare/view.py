"""What the Compare tab shows, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.compare.agreement_map import expected_agreement, map_value
from components.compare.table import table_value
from components.page.progress import Part
from components.page.stream_view import RecordingView, StreamView
from components.page.views import Values


@dataclass
class CompareRun(StreamView):
    """What the three runs of the tab share. settings: fields of ComparisonRequest."""

    settings: dict

    def on_status(self, event: dict) -> None:
        if self.progress.started is None:
            super().on_status(event)
        else:
            self.progress.text = event["text"]

    def on_prompt(self, event: dict) -> None:
        self.progress.measure("Measuring random removal", event["passes"])

    def on_stopped(self, event: dict) -> None:
        self.progress.end("stopped", f"{event['text']} What was finished stays.")


@dataclass
class ComparisonView(CompareRun, RecordingView):
    """The status line, the "table" and the agreement "map"."""

    tab, kept = "compare", ("prompt", "floor", "row", "compared")

    spans: list[dict] = field(default_factory=list)
    floor: dict = field(default_factory=dict)
    rows: list[dict] = field(default_factory=list)
    compared: dict = field(default_factory=dict)

    def values(self, passes_done: int = 0) -> Values:
        shown = super().values(passes_done)
        if self.floor:
            agreed = self.compared and self._found()
            shown |= {"table": self._table(), "map": self._map() if agreed else {"spans": []}}
        return shown

    def on_prompt(self, event: dict) -> None:
        parts = [Part(part["passes"], part["tokens"]) for part in event.get("parts", [])]
        self.progress.measure_parts("Measuring random removal", *parts)
        self.spans = event["spans"]

    def on_floor(self, event: dict) -> None:
        self.floor = event
        self.progress.next_part("Random removal measured")

    def on_row(self, event: dict) -> None:
        self.rows.append(event)
        total = len(self.settings["methods"])
        self.progress.next_part(f"{len(self.rows)} of {total} methods done, the last {event['title']}")

    def on_compared(self, event: dict) -> None:
        self.compared = event
        request, found = event["request"], len(self._found())
        done = f"{found} of {len(request['methods'])} methods compared on {request['model']}"
        notes = event.get("notes", [])
        if event["stopped"]:
            self.progress.end("stopped", " ".join([f"Stopped: {done}. Finished rows stay.", *notes]))
        else:
            self.progress.end("done", " ".join([f"{done}.", *notes]))

    def _found(self) -> list[int]:
        """Places of the rows whose methods found a set: those that agreement speaks of."""
        return [place for place, row in enumerate(self.rows) if not row["error"]]

    def _removed(self) -> str:
        k = self.settings["k"]
        return f"{k} {self.settings['granularity']}{'s' if k > 1 else ''}"

    def _table(self) -> dict:
        settings, chance = self.settings, expected_agreement(len(self.spans), self.settings["k"])
        means = _mean_agreement(self.rows, self.compared["agreement"]) if self.compared else {}
        best = self.compared["best"] if self.compared else {}
        agreement = {"rows": means, "chance": chance if len(settings["methods"]) > 1 else None}
        return table_value(settings["prompt"], self.rows, self.floor, agreement, best, self._removed())

    def _map(self) -> dict:
        found, settings = self._found(), self.settings
        matrix = [[self.compared["agreement"][i][j] for j in found] for i in found]
        titles = [self.rows[i]["title"] for i in found]
        votes, unit = self.compared["votes"], settings["granularity"]
        return map_value(settings["prompt"], self.spans, votes, titles, matrix, settings["k"], unit)


def replay(events: list[dict]) -> ComparisonView:
    """The view of a comparison from its recorded events, the last of which holds the request."""
    shown = ComparisonView(events[-1]["request"])
    for event in events:
        shown.add(event)
    return shown


def _mean_agreement(rows: list[dict], agreement: list[list[float | None]]) -> dict[str, float]:
    """By method, the mean Jaccard index with each other method; None beside a method that found no set."""
    means = {}
    for i, (row, indices) in enumerate(zip(rows, agreement, strict=True)):
        others = [index for j, index in enumerate(indices) if j != i and index is not None]
        if others:
            means[row["method"]] = sum(others) / len(others)
    return means
