"""What the Classification tab shows, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.page.progress import Part
from components.page.stream_view import RecordingView
from components.page.views import Values
from components.pieces.views import NO_CURVES, NO_LENS
from explainers.measures import faithfulness
from explainers.reports.class_sentence import CHART_NOTES, class_sentence, highest, percent
from explainers.reports.figures.faithfulness import Curve, faithfulness_chart
from explainers.reports.figures.interactions import arcs_chart
from explainers.reports.figures.layer_lens import lens_chart
from explainers.verbalizers.words import shorten

VIEWS = ("result", "bars", "strip", "plot", "methods", "lens")
MOST_TOKENS = 160  # columns of the layer lens
WORDS_SHOWN = 8
ABOUT_LENS = (
    "The word read after each layer; the stronger its colour, the nearer to rank 1 is the word that the last "
    "layer reads, without colour from rank 1,000 on. The number in brackets is that rank."
)
READING = (
    "Live: {label}'s share of what the MLM head reads at each token (PromptExplainer). "
    "Press Run to explain it by the method you chose."
)


@dataclass
class ClassificationView(RecordingView):
    """The views of one classification, by name.

    shows: those this run may change, beside the status. live: the run follows an edit, so that what cannot
    be read yet is no error.
    """

    tab, kept = "classification", ("prediction", "readings", "prompt", "step", "explanation")

    text: str
    granularity: str = "token"
    shows: tuple[str, ...] = VIEWS
    live: bool = False
    prediction: dict = field(default_factory=dict)
    spans: list[dict] = field(default_factory=list)
    lines: dict[int | str, list[str]] = field(default_factory=dict)
    neutral: float = 0.0
    legend: str = ""
    searched: bool = False
    explanation: dict = field(default_factory=dict)
    methods: list[dict] = field(default_factory=list)
    lens: dict = field(default_factory=dict)
    mask: int = 0

    def values(self, passes_done: int = 0) -> Values:
        make = {
            "result": self._result,
            "bars": self._bars,
            "strip": self._strip,
            "plot": self._plot,
            "methods": self._methods_value,
            "lens": self._lens_value,
        }
        shown = self.shows if self.prediction else ()
        return super().values(passes_done) | {name: make[name]() for name in shown}

    def on_prediction(self, event: dict) -> None:
        self.prediction = event
        if self.live:
            self.progress.end("done", " ".join(["Read live.", *event["notes"]]))

    def on_readings(self, event: dict) -> None:
        column = self._labels().index(self.prediction["label"])
        of_span: dict[int, list[dict]] = {}
        for token in event["tokens"]:
            if token["span"] is not None:
                of_span.setdefault(token["span"], []).append(token)
        self.mask, self.neutral = event["mask"], 1 / len(self._labels())
        self.legend = READING.format(label=self.prediction["label"])
        self.spans = [
            {**span, "score": _mean([t["class_shares"][column] for t in of_span[i]]), "removed": False}
            for i, span in enumerate(event["spans"])
        ]
        self.lines = {i: reading_lines(tokens, self._labels()) for i, tokens in of_span.items()}
        self.lines["mask"] = reading_lines([event["tokens"][event["mask"]]], self._labels())

    def on_prompt(self, event: dict) -> None:
        self.progress.measure("Explaining", event["passes"])
        if not self.spans:  # words read whole give no readings
            self.spans = [{**span, "score": None, "removed": False} for span in event["spans"]]

    def on_step(self, event: dict) -> None:
        self.searched = True
        if checked := event.get("checked"):
            done, wanted = checked
            self.progress.prove(done, wanted, left=event["total"] - event["step"])
            return
        self.progress.step(event["step"], event["total"], behind=faithfulness.PASSES)
        removed = set(event["removed"])
        self.spans = [{**span, "score": None, "removed": t in removed} for t, span in enumerate(self.spans)]

    def on_shown(self, event: dict) -> None:
        self.explanation = self.prediction = event
        self.text, self.granularity = event["text"], event["options"].get("granularity", "token")
        self.spans = [{**span, "removed": span["removed"] and self.searched} for span in event["spans"]]
        self.neutral, self.legend = event["neutral"], event["score_meaning"]

    def on_explanation(self, event: dict) -> None:
        self.on_shown(event)
        made_by = f"{event['title']} on {event['model']} ({event['device']}, {event['dtype']})."
        text = " ".join([made_by, *event["notes"], *event["method_notes"]])
        self.progress.end("stopped" if event["stopped"] else "done", text)

    def on_methods(self, event: dict) -> None:
        parts = [Part(passes, passes) for passes in event["parts"]]
        self.progress.measure_parts(f"Explaining by {len(parts)} methods", *parts)

    def on_method(self, event: dict) -> None:
        self.methods.append(event)
        self.progress.next_part(f"{event['title']} done")

    def on_compared(self, event: dict) -> None:
        done = f"{len(self.methods)} methods explain {self.prediction['label']}."
        self.progress.end("done", " ".join([done, *self.prediction["notes"], *event["notes"]]))

    def on_lens(self, event: dict) -> None:
        self.lens = event
        done = f"Every layer read by the MLM head: {len(event['words'])} rows."
        self.progress.end("done", " ".join([done, *self.prediction["notes"]]))

    def on_stopped(self, event: dict) -> None:
        self.progress.end("stopped", f"{event['text']} What was finished stays.")

    def on_error(self, event: dict) -> None:
        text = f"Not readable yet: {event['text']}" if self.live else event["text"]
        self.progress.end("idle" if self.live else "error", text)

    def _labels(self) -> list[str]:
        return [row["label"] for row in self.prediction["labels"]]

    def _result(self) -> dict:
        return class_sentence(self.prediction, self.explanation)

    def _bars(self) -> dict:
        rows = [
            {**row, "text": percent(row["probability"]), "words": shorten(row["words"], WORDS_SHOWN)}
            for row in self.prediction["labels"]
        ]
        return {"labels": rows, "label": self.prediction["label"], "predicted": self.prediction["predicted"]}

    def _strip(self) -> dict:
        pieces = [
            piece | {"lines": self.lines.get("mask")} if piece["kind"] == "mask" else piece
            for piece in self.prediction["pieces"]
        ]
        at = [piece["kind"] for piece in pieces].index("text")
        spans = [{**span, "lines": self.lines.get(i, [])} for i, span in enumerate(self.spans)]
        return {
            "text": self.text,
            "spans": spans,
            "before": pieces[:at],
            "after": pieces[at + 1 :],
            "granularity": self.granularity,
            "legend": self.legend,
            **_colours([span["score"] for span in spans], self.neutral),
        }

    def _plot(self) -> dict:
        done = self.methods or ([self.explanation] if self.explanation else [])
        done = [each for each in done if not each.get("error")]
        if not done:
            return {"empty": NO_CURVES}
        label = self.prediction["label"]
        charts = [
            faithfulness_chart(
                kind, [Curve(each["title"], **each[kind]) for each in done], about.format(label=label)
            )
            for kind, about in CHART_NOTES.items()
        ]
        if sets := (self.explanation or {}).get("interactions"):
            charts.append(arcs_chart(self.spans, sets))
        return {"charts": charts}

    def _methods_value(self) -> dict:
        rows = [_method_row(event) for event in self.methods]
        label = self.prediction["label"]
        about = f"What speaks for {label} and what against it, each method on a scale of its own."
        places = [{"start": span["start"], "end": span["end"]} for span in self.spans]
        value = {"text": self.text, "label": label, "spans": places, "rows": rows}
        return value | {"about": about if rows else ""}

    def _lens_value(self) -> dict:
        if not self.lens:
            return {"empty": NO_LENS}
        tokens, words, ranks = (self.lens[name] for name in ("tokens", "words", "ranks"))
        about = ABOUT_LENS
        if len(tokens) > MOST_TOKENS:
            about += f" The first {MOST_TOKENS} of {len(tokens)} tokens."
        words, ranks = ([list(row[:MOST_TOKENS]) for row in rows] for rows in (words, ranks))
        return {"charts": [lens_chart(list(tokens[:MOST_TOKENS]), words, ranks, about)]}


def reading_lines(tokens: list[dict], labels: list[str]) -> list[str]:
    """What the MLM head reads at the tokens of one span, in sentences: top words, class shares."""
    several, lines = len(tokens) > 1, []
    for token in tokens[:3]:
        words = ", ".join(f"{word} {percent(p)}" for word, p in token["words"])
        lines.append(f"{token['token']} reads as {words}" if several else f"reads as {words}")
    shares = [_mean([token["class_shares"][c] for token in tokens]) for c in range(len(labels))]
    best = sorted(zip(shares, labels, strict=True), key=lambda pair: -pair[0])[:4]
    return [*lines, ", ".join(f"{label} {percent(share)}" for share, label in best)]


def _method_row(event: dict) -> dict:
    row = {"method": event["method"], "title": event["title"], "error": event["error"], "facts": []}
    if event["error"]:
        return row
    scores = [span["score"] for span in event["spans"]]
    facts = [
        ["activation", f"{event['activation']['score']:.3f}"],
        ["pruning", f"{event['pruning']['score']:.3f}"],
        ["time", f"{event['seconds']:.2f} s"],
    ]
    named = [span["text"] for span in highest(event["spans"], event["neutral"])]
    row |= {"scores": scores, "facts": facts, **_colours(scores, event["neutral"])}
    return row | {"highest": f"Highest: {', '.join(named)}." if named else "No token speaks for it."}


def _colours(scores: list[float | None], neutral: float) -> dict:
    """Shares lie between 0 and 1, so their neutral point is not in the middle of the scale."""
    if not neutral:
        return {"neutral": 0.0}
    most = max([2 * neutral, *(score for score in scores if score is not None)])
    return {"neutral": neutral, "limits": [0.0, most]}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
