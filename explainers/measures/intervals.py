"""Means with 95 % confidence intervals (Student's t)."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import mean, stdev


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval; the half-width is 0 for fewer than two values."""
    if len(values) < 2:
        return mean(values), 0.0
    from scipy.stats import t  # heavy, so not at the first page

    return mean(values), float(t.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))


def interval(values: Sequence[float]) -> dict[str, float]:
    """Mean and ends of its 95 % interval."""
    middle, half_width = mean_interval(values)
    return {"mean": middle, "low": middle - half_width, "high": middle + half_width}
