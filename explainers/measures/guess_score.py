"""How well a guess did: its share of what the best set does, and that in words."""

from __future__ import annotations

SAME = 1e-3  # nats: smaller differences are rounding


def score_of(drop: float, best: float) -> float | None:
    """The share of the best set's drop in log p that the guess reaches, 0 to 1.

    A guess that makes the answer more likely scores 0, one that does more than the search's set 1. None
    where even the best set makes nothing less likely.
    """
    if best <= SAME:
        return None
    return 1.0 if drop >= best - SAME else max(0.0, drop / best)


def sentence_of(score: float | None, drop: float, best: float, random: float) -> str:
    """The score for a person; drops in nats, `random` the mean of random sets."""
    if score is None:
        return "No set of this size makes the answer less likely, so this round has no score."
    if drop > best + SAME:
        return "Your marks do even more than the best set that the search found, so the score is 100%."
    if score == 1:
        return "Your marks do as much as the best set. More is not possible, as far as the search knows."
    if drop < 0:
        return (
            "Without your marks the answer becomes more likely, not less: the score would be below zero, "
            "and counts as 0%."
        )
    said = f"Your marks take away {score:.0%} of what the best set takes away from log p."
    if drop < random - SAME:
        return f"{said} Random marks do better on average: {max(random, 0) / best:.0%}."
    return f"{said} Random marks reach {max(random, 0) / best:.0%} on average."
