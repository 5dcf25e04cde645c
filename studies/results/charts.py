"""A study's figures, drawn as the page draws its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from explainers import EXPLAINERS
from explainers.reports.figures.convergence_bands import bands_chart
from explainers.reports.figures.faithfulness import Curve, faithfulness_chart
from explainers.reports.figures.ratio_over_k import ratio_chart
from explainers.reports.figures.shared.lines import Series
from explainers.reports.figures.shared.style import HEIGHT
from studies.results.statistics import Estimate, estimate, per_prompt
from studies.results.tables import title_of
from studies.study import AnyStudy

if TYPE_CHECKING:
    import numpy
    import pandas

FLOOR = "random_removal"
LEGEND_ROW = 26  # px that a method takes in the legend, below the figure
BAND = "Mean over prompts, with its 95 % bootstrap interval."
GAP = "nats above the lowest log p"


def charts(study: AnyStudy, rows: pandas.DataFrame) -> dict[str, dict]:
    """Charts by name, one per figure, data set and condition: what the page's charts take."""
    done = rows[rows["refused"].isna()]
    found = {}
    for name in study.figures:
        for (data, condition), part in done.groupby(["data", "condition"], sort=False):
            place = title_of(study, (data, condition, part["k"].max())).partition(", k =")[0]
            for kind, chart in _DRAWN[name](study, part).items():
                title = ": ".join(filter(None, [chart.get("title"), place]))
                chart["figure"]["layout"]["height"] = HEIGHT + LEGEND_ROW * len(study.methods)
                found[f"{kind}-{data}-{condition}"] = chart | {"title": title}
    return found


def _ratio_over_k(study: AnyStudy, rows: pandas.DataFrame) -> dict[str, dict]:
    """XPrompt's Figure 3."""
    values = {k: per_prompt(part, "probability_ratio") for k, part in rows.groupby("k")}
    series = []
    for method in study.methods:
        points = [
            estimate(values[k][method].dropna().to_numpy()) if method in values.get(k, ()) else None
            for k in range(1, max(values) + 1)
        ]
        series.append(_series(method, points))
    return {"ratio_over_k": ratio_chart(series, f"{BAND} Lower is better.")}


def _convergence(study: AnyStudy, rows: pandas.DataFrame) -> dict[str, dict]:
    """XPrompt's Figure 4, of all prompts: log p above the lowest of each prompt and k."""
    import numpy

    searched = rows[rows["search"].map(len) > 0]
    longest = searched["search"].map(len).groupby(searched["method"]).max()
    gaps: dict[str, list[numpy.ndarray]] = {}
    for _, prompt in searched.groupby(["prompt", "k"]):
        lowest = min(curve[-1] for curve in prompt["search"])
        for method, part in prompt.groupby("method"):
            curves = numpy.stack([_until(longest[method], curve) for curve in part["search"]])
            gaps.setdefault(str(method), []).append((curves - lowest).mean(0))
    series = []
    for method in (method for method in study.methods if method in gaps):
        steps = numpy.stack(gaps[method]).T  # (steps, prompts)
        series.append(_series(method, [estimate(step) for step in steps]))
    chart = bands_chart(series, f"{BAND} The lowest is that of any run on the prompt.")
    chart["figure"]["layout"]["yaxis"]["title"]["text"] = GAP
    return {"convergence": chart}


def _until(steps: int, curve: numpy.ndarray) -> numpy.ndarray:
    """The curve over so many steps: a search that has ended keeps what it found."""
    import numpy

    return numpy.pad(curve, (0, steps - len(curve)), mode="edge")


def _faithfulness(study: AnyStudy, rows: pandas.DataFrame) -> dict[str, dict]:
    """PromptExplainer's Figure 3: both curves, means over texts."""
    import numpy

    found = {}
    for kind in ("activation", "pruning"):
        curves = []
        for method in study.methods:
            own = rows[rows["method"] == method]
            if len(own):
                values = numpy.stack(own[f"{kind}_curve"]).mean(0)
                shares = numpy.linspace(0, 1, len(values))
                curves.append(Curve(EXPLAINERS[method].title, list(shares), list(values), values.mean()))
        found[kind] = faithfulness_chart(kind, curves, "Means over texts.")
    return found


def _series(method: str, points: list[Estimate | None]) -> Series:
    y, low, high = ([getattr(p, name) if p else None for p in points] for name in ("mean", "low", "high"))
    return Series(EXPLAINERS[method].title, y, low, high, floor=method == FLOOR)


_DRAWN = {"ratio_over_k": _ratio_over_k, "convergence": _convergence, "faithfulness": _faithfulness}
