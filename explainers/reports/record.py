"""A record: what is kept of a result, {"maskwise": VERSION, "tab": its kind, "events": [...]}."""

from __future__ import annotations

VERSION = 1  # of the form in which results are kept
PASSING = ("status", "response", "masked_response")  # events whose last word is part of the explanation


def explanation_of(record: dict) -> dict:
    """The explanation of a record of Generation or Classification."""
    (explanation,) = (event for event in record["events"] if event["type"] == "explanation")
    return explanation
