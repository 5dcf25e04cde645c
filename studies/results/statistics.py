"""A study's rows as means with intervals, and the other methods tested against the paper's own."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from explainers.measures.text import METRICS
from studies.study import AnyStudy

if TYPE_CHECKING:
    import numpy
    import pandas

RESAMPLES = 9_999
HIGHER_IS_BETTER = {
    *("activation", "activation_true", "correct", "comprehensiveness", "soft_comprehensiveness"),
    *(name for name, lower in METRICS.items() if not lower),
}
GROUP = ["data", "condition", "k"]
ESTIMATED = ["mean", "low", "high", "count"]
SURE = 0.05  # p, adjusted, below which a difference counts
DIGITS = 12  # of a difference; those behind them come from the order of a sum, and would part equal ones


@dataclass(frozen=True)
class Estimate:
    """A mean over `count` prompts and its 95 % percentile bootstrap interval; both ends the mean for one."""

    mean: float
    low: float
    high: float
    count: int


def estimate(values: numpy.ndarray) -> Estimate:
    """values: one per prompt."""
    from scipy.stats import bootstrap

    mean = float(values.mean())
    if len(values) < 2:
        return Estimate(mean, mean, mean, len(values))
    ends = bootstrap(
        (values,), lambda x, axis: x.mean(axis), n_resamples=RESAMPLES, method="percentile", rng=0
    ).confidence_interval
    return Estimate(mean, float(ends.low), float(ends.high), len(values))


def p_value(values: numpy.ndarray, others: numpy.ndarray) -> float:
    """Wilcoxon's signed-rank test of two values per prompt, two-sided; 1 where no prompt differs."""
    from scipy.stats import wilcoxon

    differences = (values - others).round(DIGITS)
    return float(wilcoxon(differences, zero_method="zsplit").pvalue) if differences.any() else 1.0


def per_prompt(rows: pandas.DataFrame, measure: str) -> pandas.DataFrame:
    """A measure, (prompts, methods): its mean over seeds."""
    return rows.pivot_table(measure, "prompt", "method", "mean")


def summary(study: AnyStudy, rows: pandas.DataFrame) -> pandas.DataFrame:
    """A row per data set, condition, k, method and measure: mean, low, high, count, difference, and p.

    difference: how far the mean lies above that of the paper's method on the prompts that both have. p: of
    that difference, adjusted by Benjamini and Hochberg for the number of methods. None for the paper's own,
    and where the two share no prompt.
    """
    import pandas

    found = []
    for group, part in rows[rows["refused"].isna()].groupby(GROUP):
        for measure in study.columns:
            values = per_prompt(part, measure)
            found += [
                dict(zip(GROUP, group, strict=True)) | {"measure": measure} | row
                for row in _methods(study, values)
            ]
    return pandas.DataFrame(found, columns=[*GROUP, "measure", "method", *ESTIMATED, "difference", "p"])


def _methods(study: AnyStudy, values: pandas.DataFrame) -> list[dict]:
    methods = [method for method in study.methods if method in values]
    tested = _tested(study, values)
    return [
        {"method": method}
        | asdict(estimate(values[method].dropna().to_numpy()))
        | tested.get(method, {"difference": None, "p": None})
        for method in methods
    ]


def _tested(study: AnyStudy, values: pandas.DataFrame) -> dict[str, dict]:
    """The methods that share prompts with the paper's own: the difference, and its p."""
    from scipy.stats import false_discovery_control

    own = study.paper_method
    others = [method for method in study.methods if method != own and {method, own} <= set(values)]
    pairs = {method: values[[method, own]].dropna() for method in others}
    pairs = {method: pair for method, pair in pairs.items() if len(pair)}
    found = [p_value(pair[method].to_numpy(), pair[own].to_numpy()) for method, pair in pairs.items()]
    adjusted = false_discovery_control(found) if found else []
    return {
        method: {"difference": float((pair[method] - pair[own]).mean()), "p": float(p)}
        for (method, pair), p in zip(pairs.items(), adjusted, strict=True)
    }


def is_better(measure: str, value: float, other: float) -> bool:
    return value > other if measure in HIGHER_IS_BETTER else value < other
