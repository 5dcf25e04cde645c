"""What the Generation tab shows, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from components.metric_table import metric_rows
from components.output_diff import diff_words
from components.result_sentence import result_sentence


@dataclass
class GenerationView:
    """Feed it events with `add`; read the components' values from `values`."""

    prompt: str
    granularity: str = "word"
    spans: list[dict] = field(default_factory=list)
    response: str | None = None
    masked_response: str | None = None
    plot: dict = field(default_factory=lambda: {"y": [], "proposals": [], "accepted": [], "unit": "nats"})
    explanation: dict | None = None
    state: str = "running"
    text: str = "Starting"
    passes: int = 0
    passes_before: int | None = None
    search_started: float | None = None

    def add(self, event: dict) -> None:
        getattr(self, f"_{event['type']}")(event)

    def values(self, passes_done: int = 0) -> list[dict]:
        """Values of the status line, result, strip, plot, diff and measures, in this order."""
        done = self.explanation
        return [
            self._status_value(passes_done),
            result_sentence(done) if done else {},
            self._strip_value(),
            self.plot | {"empty": self._empty_plot()},
            diff_words(self.response, self.masked_response),
            metric_rows(done["metrics"] if done else []),
        ]

    def _status(self, event):
        self.text, self.search_started = event["text"], None

    def _response(self, event):
        self.response = event["text"]

    def _masked_response(self, event):
        self.masked_response = event["text"]

    def _prompt(self, event):
        self.spans = [{**span, "score": None, "removed": False} for span in event["spans"]]
        self.plot = self.plot | {"unmasked": event["log_prob"]}
        self.passes, self.search_started = event["passes"], monotonic()
        self.text = "Searching"

    def _step(self, event):
        self.plot["y"].append(event["log_prob"])
        self.plot["proposals"].append(event["proposal"])
        self.plot["accepted"].append(event["accepted"])
        self.plot["total"] = event["total"]
        removed = set(event["removed"])
        self.spans = [{**span, "removed": t in removed} for t, span in enumerate(self.spans)]
        self.text = f"Searching: step {event['step']} of {event['total']}"

    def _explanation(self, event):
        self.explanation, self.spans = event, event["spans"]
        self.prompt, self.granularity = event["prompt"], event["granularity"]
        self.response, self.masked_response = event["response"], event["masked_response"]
        self.state = "stopped" if event["stopped"] else "done"
        made_by = f"{event['title']} on {event['model']} ({event['device']}, {event['dtype']})."
        self.text = " ".join([made_by, *event["notes"]])

    def _stopped(self, event):
        self.state, self.text = "stopped", f"{event['text']} The search had not begun, so there is no result."

    def _error(self, event):
        self.state, self.text = "error", event["text"]

    def _status_value(self, passes_done: int) -> dict:
        value = {"state": self.state, "text": self.text, "fraction": None, "eta": None}
        if self.state == "running" and self.search_started is not None:
            seconds, fraction = monotonic() - self.search_started, self._fraction(passes_done)
            value |= {"fraction": fraction, "eta": seconds * (1 / fraction - 1) if fraction else None}
        return value

    def _fraction(self, passes_done: int) -> float:
        """Share of the search that is done: by steps where there are steps, else by passes."""
        if self.plot["y"]:
            return len(self.plot["y"]) / self.plot["total"]
        if self.passes_before is None:
            self.passes_before = passes_done
        return min(1.0, (passes_done - self.passes_before) / max(self.passes, 1))

    def _strip_value(self) -> dict:
        done = self.explanation
        return {
            "text": self.prompt,
            "spans": self.spans,
            "unit": "nats",
            "granularity": self.granularity,
            "legend": done["score_meaning"] if done else "",
        }

    def _empty_plot(self) -> str:
        if self.explanation:
            return "This method scores all words at once: there is no search to draw."
        return "The search will be drawn here as it runs."
