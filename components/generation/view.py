"""What the Generation tab shows, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

from components.page.stream_view import RecordingView
from components.page.views import Values
from explainers.reports.answer_diff import NOT_WRITTEN, diff_words, rewritten
from explainers.reports.figures.convergence import Search, convergence_chart
from explainers.reports.figures.hops import hops_chart
from explainers.reports.figures.interactions import arcs_chart
from explainers.reports.metric_rows import metric_rows
from explainers.reports.numbers import unit_of
from explainers.reports.result_sentence import result_sentence

GO_ON = "Check the rest"


@dataclass
class GenerationView(RecordingView):
    """The views of one generation, by name: result, strip, plot, diff, metrics, rendered."""

    tab, kept = "generation", ("prompt", "step", "explanation")

    prompt: str
    granularity: str = "word"
    spans: list[dict] = field(default_factory=list)
    response: str | None = None
    masked_response: str | None = None
    search: Search = field(default_factory=Search)
    shown: dict | None = None
    explanation: dict | None = None
    writing: float = 0.0  # seconds that the answer took; that without the removed words takes about as long
    began: float | None = None  # when it began to be written

    def values(self, passes_done: int = 0) -> Values:
        done = self._known()
        return super().values(passes_done) | {
            "result": result_sentence(done) | self._going_on() if done else {},
            "strip": self._strip_value(),
            "plot": self._search_value(),
            "diff": diff_words(self.response, self.masked_response) | self._waiting(),
            "metrics": metric_rows(done["metrics"] if done else []),
            "rendered": {"pieces": done.get("rendered", []) if done else []},
        }

    def on_status(self, event: dict) -> None:
        if self.writing and self.search.unmasked is not None:
            self.progress.expect(event["text"], self.writing)
        else:
            super().on_status(event)
        self.began = monotonic()

    def on_response(self, event: dict) -> None:
        if self.response is not None and self.began:  # an answer that is known comes at once, and whole
            self.writing = monotonic() - self.began
        self.response = event["text"]

    def on_masked_response(self, event: dict) -> None:
        self.masked_response = event["text"]

    def on_prompt(self, event: dict) -> None:
        self.spans = [{**span, "score": None, "removed": False} for span in event["spans"]]
        self.search.unmasked = event["log_prob"]
        said = event.get("plan", "").rstrip(".") or "Searching"
        self.progress.measure(said, event["passes"], after=self.writing)

    def on_step(self, event: dict) -> None:
        self.search.best.append(event["log_prob"])
        self.search.proposals.append(event["proposal"])
        self.search.accepted.append(event["accepted"])
        self.search.total = event["total"]
        removed = set(event["removed"])
        self.spans = [{**span, "removed": t in removed} for t, span in enumerate(self.spans)]
        if len(alone := event.get("proposed", [])) == 1 and not self.shown:
            self.spans[alone[0]]["score"] = self.search.unmasked - event["proposal"]
        if checked := event.get("checked"):
            done, wanted = checked
            self.progress.prove(done, wanted, left=event["total"] - event["step"])
        else:
            self.progress.step(event["step"], event["total"])

    def on_shown(self, event: dict) -> None:
        self.shown = event
        self._take(event)
        if unproved := event.get("unproved"):
            self.progress.prove(unproved["wanted"] - unproved["left"], unproved["wanted"])

    def on_explanation(self, event: dict) -> None:
        self.explanation = event
        self._take(event)
        made_by = f"{event['title']} on {event['model']} ({event['device']}, {event['dtype']})."
        notes = " ".join(event["notes"])
        if event["stopped"]:
            self.progress.end("stopped", f"{made_by} {notes}")
        else:
            self.progress.end("done", made_by, notes)

    def on_error(self, event: dict) -> None:
        if self.shown and not self.explanation:  # what was shown before the proof failed is the result
            self.add({**self.shown, "type": "explanation", "stopped": True})
        super().on_error(event)

    def _take(self, result: dict) -> None:
        self.spans, self.prompt, self.granularity = result["spans"], result["prompt"], result["granularity"]
        self.response, self.masked_response = result["response"], rewritten(result)

    def _waiting(self) -> dict:
        """What stands in the place of an answer that is not written, where it will not be."""
        return {"waiting": NOT_WRITTEN} if self.progress.state in ("stopped", "error") else {}

    def _going_on(self) -> dict:
        """Where a run may go on with the result's proof, the button that begins it."""
        unproved = (self.explanation or {}).get("unproved")
        return {"go_on": GO_ON} if unproved and unproved["options"] is not None else {}

    def _known(self) -> dict | None:
        """The result, or while its proof goes on what is known of it."""
        return self.explanation or self.shown

    def on_stopped(self, event: dict) -> None:
        text = f"{event['text']} The search had not begun, so there is no result."
        self.progress.end("stopped", text)

    def _strip_value(self) -> dict:
        done = self._known()
        return {
            "text": self.prompt,
            "spans": self.spans,
            "unit": unit_of(done["score_meaning"]) if done else "nats",
            "granularity": self.granularity,
            "legend": done["score_meaning"] if done else self._alone_meaning(),
        }

    def _alone_meaning(self) -> str:
        """What the colours say while the search has no result yet."""
        if all(span["score"] is None for span in self.spans):
            return ""
        return f"How far log p falls, in nats, when this {self.granularity} alone is removed."

    def _search_value(self) -> dict:
        if self.search.best:
            return {"charts": [convergence_chart(self.search)]}
        if sets := (self.explanation or {}).get("interactions"):
            return {"charts": [arcs_chart(self.spans, sets)]}
        if any("hops" in span for span in self.spans):
            return {"charts": [hops_chart(self.spans)]}
        if self.explanation:
            return {"empty": "This method scores all words at once: there is no search to draw."}
        return {"empty": "The search will be drawn here as it runs."}


@dataclass
class GoOnView(GenerationView):
    """Of a run that goes on with the proof of a result. That stays in place until this run knows as much.

    earlier: the explanation that is shown. known: masks that were tried; none after a file or a restart.
    """

    earlier: dict = field(default_factory=dict)
    known: int = 0

    def values(self, passes_done: int = 0) -> Values:
        if self._known():
            return super().values(passes_done)
        over = self.progress.state not in ("running", "queued")
        button = {"go_on": GO_ON} if over else {}
        return RecordingView.values(self, passes_done) | {"result": result_sentence(self.earlier) | button}

    def record(self) -> dict | None:
        return super().record() if self._known() else None

    def on_prompt(self, event: dict) -> None:
        super().on_prompt(event)
        self.known = event.get("known", 0)

    def on_step(self, event: dict) -> None:
        super().on_step(event)
        if self.known and not self.shown:
            self.progress.say("Taking up the proof where it ended")

    def on_explanation(self, event: dict) -> None:
        if event["stopped"] and not self.shown:
            self.on_stopped({"text": "Stopped."})
        else:
            super().on_explanation(event)

    def on_stopped(self, event: dict) -> None:
        self.progress.end("stopped", f"{event['text']} What was shown stays.")
