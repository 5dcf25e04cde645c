"""What the two charts of the Compare tab show, built up from the events of a run. Plain values, no Gradio."""

from __future__ import annotations

from dataclasses import dataclass, field

from components.compare.convergence_bands import bands_value
from components.compare.ratio_plot import ratio_value
from components.compare.view import CompareRun


@dataclass
class SweepView(CompareRun):
    """Values of the status line and the plot of probability ratios. titles: of the methods, by name."""

    titles: dict[str, str] = field(default_factory=dict)
    most: int = 1
    points: list[dict] = field(default_factory=list)

    def values(self, passes_done: int = 0) -> list[dict | None]:
        plot = ratio_value(self.points, self.titles, self.most, self.settings["granularity"])
        return [self.progress.value(passes_done), plot if self.points else None]

    def _prompt(self, event):
        super()._prompt(event)
        self.most = min(self.most, len(event["spans"]))

    def _point(self, event):
        self.points.append(event)
        title = self.titles.get(event["method"], "random removal")
        self.progress.text = f"Drawing {title}, k = {event['k']} of {self.most}"

    def _swept(self, event):
        refused = [f"{self.titles[name]} refused: {why}" for name, why in event["refused"].items()]
        if event["stopped"]:
            self.progress.end("stopped", " ".join(["Stopped. What was drawn stays.", *refused]))
        else:
            done = f"Probability ratio drawn for k = 1 to {self.most}."
            self.progress.end("done", " ".join([done, *refused]))


@dataclass
class ConvergenceView(CompareRun):
    """Values of the status line and the plot of convergence."""

    curves: list[dict] = field(default_factory=list)

    def values(self, passes_done: int = 0) -> list[dict | None]:
        return [self.progress.value(passes_done), bands_value(self.curves) if self.curves else None]

    def _curve(self, event):
        self.curves.append(event)
        self.progress.text = f"{event['title']}, seed {event['seed']}, has converged"

    def _converged(self, event):
        done = f"{len(self.curves)} searches drawn."
        if event["stopped"]:
            self.progress.end("stopped", f"Stopped: {done}")
        else:
            self.progress.end("done", done)
