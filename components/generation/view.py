"""What the Generation tab shows, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.page.progress import Progress
from explainers.reports.answer_diff import diff_words
from explainers.reports.metric_rows import metric_rows
from explainers.reports.result_sentence import result_sentence

RECORD = 1  # version of the form in which results are kept
RECORDED = ("prompt", "step", "explanation")


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
    progress: Progress = field(default_factory=Progress)
    recorded: list[dict] = field(default_factory=list)

    def add(self, event: dict) -> None:
        getattr(self, f"_{event['type']}")(event)
        if event["type"] in RECORDED:
            self.recorded.append(event)

    def record(self) -> dict | None:
        """All that is needed to show this result again, once it is complete."""
        if not self.explanation:
            return None
        return {"maskwise": RECORD, "tab": "generation", "events": self.recorded}

    def values(self, passes_done: int = 0) -> list[dict]:
        """Values of the status line, result, strip, plot, diff and measures, in this order."""
        done = self.explanation
        return [
            self.progress.value(passes_done),
            result_sentence(done) if done else {},
            self._strip_value(),
            self.plot | {"empty": self._empty_plot()},
            diff_words(self.response, self.masked_response),
            metric_rows(done["metrics"] if done else []),
        ]

    def _status(self, event):
        self.progress.say(event["text"])

    def _response(self, event):
        self.response = event["text"]

    def _masked_response(self, event):
        self.masked_response = event["text"]

    def _prompt(self, event):
        self.spans = [{**span, "score": None, "removed": False} for span in event["spans"]]
        self.plot = self.plot | {"unmasked": event["log_prob"]}
        self.progress.measure("Searching", event["passes"])

    def _step(self, event):
        self.plot["y"].append(event["log_prob"])
        self.plot["proposals"].append(event["proposal"])
        self.plot["accepted"].append(event["accepted"])
        self.plot["total"] = event["total"]
        removed = set(event["removed"])
        self.spans = [{**span, "removed": t in removed} for t, span in enumerate(self.spans)]
        self.progress.step(event["step"], event["total"])

    def _explanation(self, event):
        self.explanation, self.spans = event, event["spans"]
        self.prompt, self.granularity = event["prompt"], event["granularity"]
        self.response, self.masked_response = event["response"], event["masked_response"]
        made_by = f"{event['title']} on {event['model']} ({event['device']}, {event['dtype']})."
        notes = " ".join(event["notes"])
        if event["stopped"]:
            self.progress.end("stopped", f"{made_by} {notes}")
        else:
            self.progress.end("done", made_by, notes)

    def _stopped(self, event):
        text = f"{event['text']} The search had not begun, so there is no result."
        self.progress.end("stopped", text)

    def _error(self, event):
        self.progress.end("error", event["text"])

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
