"""The words of a round, to be marked by click or keyboard; the marks are kept by the page itself."""

from __future__ import annotations

import gradio as gr

from components.page.view import view
from explainers.streams.guess_rounds import Round


def guess_board(elem_id: str) -> gr.HTML:
    """Large words and a counter, "2 of 3 marked".

    value: as a token_strip's, with "question", "k", "unit" ("word") and "best", the indices of the best set,
    None until it may be shown. "selected" are the marks: the page changes them while "selectable", at most k
    of them, and an event that takes this view as input reads them there (untrusted). "then": what to do once
    all are marked.
    """
    empty = {"text": "", "spans": [], "empty": "Choose a round and press Start."}
    return view("classroom/guess_board", elem_id, "Predict", empty)


def guess_reveal(elem_id: str) -> gr.HTML:
    """The model's answer and, once revealed, the score and a row per set. value: of `GuessView.reveal`."""
    return view("classroom/guess_reveal", elem_id, "Reveal", {})


def guess_tally(elem_id: str) -> gr.HTML:
    """Scores of the sitting. value: {"rows": what `tally_rows` returns}."""
    return view("classroom/guess_tally", elem_id, "Tally of this sitting", {"rows": []})


MOST_SCORES = 500
NAME_CHARS = 40
NOBODY = "Everyone"


def add_score(scores: list[dict], player: str, round: Round, score: float | None) -> list[dict]:
    """The scores with one more. A player's first guess of a round counts, later ones have seen the answer."""
    player = " ".join(player.split())[:NAME_CHARS] or NOBODY
    played = {"player": player, "round": [round.task, round.text, round.k], "score": score}
    again = any((s["player"], s["round"]) == (player, played["round"]) for s in scores)
    if again or score is None or len(scores) >= MOST_SCORES:
        return scores
    return [*scores, played]


def tally_rows(scores: list[dict]) -> list[dict]:
    """{"player", "rounds", "mean", "best"} a player, the highest mean first; shares of 0 to 1 as text."""
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
