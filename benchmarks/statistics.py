"""Means with 95 % confidence intervals (Student's t)."""

from __future__ import annotations

from math import sqrt
from statistics import mean, stdev

from scipy.stats import t


def mean_interval(values: list[float]) -> tuple[float, float]:
    """Mean and half-width of its 95 % interval; the half-width is 0 for fewer than two values."""
    if len(values) < 2:
        return mean(values), 0.0
    return mean(values), t.ppf(0.975, len(values) - 1) * stdev(values) / sqrt(len(values))
