"""A study's rows as means with intervals, and the other methods tested against the paper's own."""

from __future__ import annotations

from dataclasses import dataclass
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
SURE = 0.05  # p, adjusted, below which a difference counts


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

    differences = values - others
    return float(wilcoxon(differences, zero_method="zsplit").pvalue) if differences.any() else 1.0


def per_prompt(rows: pandas.DataFrame, measure: str) -> pandas.DataFrame:
    """A measure, (prompts, methods): its mean over seeds."""
    return rows.pivot_table(measure, "prompt", "method", "mean")


def summary(study: AnyStudy, rows: pandas.DataFrame) -> pandas.DataFrame:
    """A row per data set, condition, k, method and measure: mean, low, high, count, and p.

    p: of the difference from the paper's method on the prompts that both have, adjusted by Benjamini and
    Hochberg for the number of methods; none for the paper's own.
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
    return pandas.DataFrame(found, columns=[*GROUP, "measure", "method", "mean", "low", "high", "count", "p"])


def _methods(study: AnyStudy, values: pandas.DataFrame) -> list[dict]:
    from scipy.stats import false_discovery_control

    own = study.paper_method
    methods = [method for method in study.methods if method in values]
    tested = [method for method in methods if method != own and own in values]
    pairs = [values[[method, own]].dropna() for method in tested]
    found = [p_value(pair[m].to_numpy(), pair[own].to_numpy()) for m, pair in zip(tested, pairs, strict=True)]
    adjusted = dict(zip(tested, false_discovery_control(found) if found else [], strict=True))
    rows = []
    for method in methods:
        at = estimate(values[method].dropna().to_numpy())
        rows.append(
            {"method": method, "mean": at.mean, "low": at.low, "high": at.high, "count": at.count}
            | {"p": float(adjusted[method]) if method in adjusted else None}
        )
    return rows


def is_better(measure: str, value: float, other: float) -> bool:
    return value > other if measure in HIGHER_IS_BETTER else value < other
