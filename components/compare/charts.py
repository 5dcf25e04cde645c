"""What the two charts of the Compare tab show, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.compare.convergence_bands import bands_value
from components.compare.ratio_plot import ratio_value
from components.compare.view import CompareRun
from components.page.views import Values


@dataclass
class SweepView(CompareRun):
    """The status line and the plot of probability "ratio"s. titles: of the methods, by name."""

    titles: dict[str, str] = field(default_factory=dict)
    most: int = 1
    points: list[dict] = field(default_factory=list)

    def values(self, passes_done: int = 0) -> Values:
        shown = super().values(passes_done)
        if self.points:
            unit = self.settings["granularity"]
            shown["ratio"] = ratio_value(self.points, self.titles, self.most, unit)
        return shown

    def on_prompt(self, event: dict) -> None:
        super().on_prompt(event)
        self.most = min(self.most, len(event["spans"]))

    def on_point(self, event: dict) -> None:
        self.points.append(event)
        title = self.titles.get(event["method"], "random removal")
        self.progress.text = f"Drawing {title}, k = {event['k']} of {self.most}"

    def on_swept(self, event: dict) -> None:
        said = [f"{self.titles[name]} refused: {why}" for name, why in event["refused"].items()]
        said += event["notes"]
        if event["stopped"]:
            self.progress.end("stopped", " ".join(["Stopped. What was drawn stays.", *said]))
        else:
            done = f"Probability ratio drawn for k = 1 to {self.most}."
            self.progress.end("done", " ".join([done, *said]))


@dataclass
class ConvergenceView(CompareRun):
    """The status line and the "bands" of convergence."""

    curves: list[dict] = field(default_factory=list)

    def on_prompt(self, event: dict) -> None:
        self.progress.measure("The first search goes on", event["passes"])

    def values(self, passes_done: int = 0) -> Values:
        shown = super().values(passes_done)
        return shown | ({"bands": bands_value(self.curves)} if self.curves else {})

    def on_curve(self, event: dict) -> None:
        self.curves.append(event)
        self.progress.text = f"{event['title']}, seed {event['seed']}, has converged"

    def on_converged(self, event: dict) -> None:
        done = f"{len(self.curves)} searches drawn."
        if event["stopped"]:
            self.progress.end("stopped", f"Stopped: {done}")
        else:
            self.progress.end("done", " ".join([done, *event["notes"]]))
