"""A record: what is kept of a result, {"tab": the kind of result, "events": [...]}."""

from __future__ import annotations


def explanation_of(record: dict) -> dict:
    """The explanation of a record of Generation or Classification."""
    (explanation,) = (event for event in record["events"] if event["type"] == "explanation")
    return explanation
