"""Means with 95 % confidence intervals (Student's t)."""

from explainers.measures.intervals import mean_interval

__all__ = ["mean_interval"]
