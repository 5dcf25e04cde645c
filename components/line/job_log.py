"""One line of the server's log for each job; never a text that somebody typed."""

from __future__ import annotations

import logging
import traceback

from explainers.streams.events.shared import Event

LOG = logging.getLogger("maskwise")
LINE = "job kind=%s model=%s spans=%d passes=%d seconds=%.1f waited=%.1f outcome=%s"


def log_job(
    kind: str, model: str, events: list[Event], passes: int, seconds: float, waited: float, outcome: str
) -> None:
    """seconds: with the models. waited: for them, and for the model's load. model: as it was found, since
    what was typed in its place may be any text; "" where none was."""
    spans = next((len(event["spans"]) for event in events if event["type"] == "prompt"), 0)
    LOG.info(LINE, kind, model or "-", spans, passes, seconds, waited, outcome)


def log_failure(error: Exception) -> None:
    """Where an unexpected error came from; its message may hold a text."""
    LOG.error("%s in a job:\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
