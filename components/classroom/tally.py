"""The scores of a sitting: who guessed how well. Plain values."""

from __future__ import annotations

from explainers.core.unicode import nickname
from explainers.streams.game.rounds import Round

MOST_SCORES = 500
NAME_CHARS = 40
NOBODY = "Everyone"


def add_score(scores: list[dict], player: str, round: Round, score: float | None) -> list[dict]:
    """The scores with one more. A player's first guess of a round counts, later ones have seen the answer."""
    player = nickname(player, NAME_CHARS) or NOBODY
    played = {"player": player, "round": [round.task, round.text, round.k], "score": score}
    again = any((s["player"], s["round"]) == (player, played["round"]) for s in scores)
    if again or score is None or len(scores) >= MOST_SCORES:
        return scores
    return [*scores, played]


def tally_rows(scores: list[dict]) -> list[dict]:
    """{"player", "rounds", "mean", "best"} per player, the highest mean first; shares of 0 to 1 as text."""
    players: dict[str, list[float]] = {}
    for one in scores:
        players.setdefault(one["player"], []).append(one["score"])
    ordered = sorted(players.items(), key=lambda item: -sum(item[1]) / len(item[1]))
    return [
        {
            "player": player,
            "rounds": str(len(own)),
            "mean": f"{sum(own) / len(own):.0%}",
            "best": f"{max(own):.0%}",
        }
        for player, own in ordered
    ]
