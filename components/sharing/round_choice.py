"""Which round of the guessing game is played: a ready one, or the prompt of the Generation tab."""

from __future__ import annotations

from explainers.core.errors import MaskwiseError
from explainers.streams.game.rounds import Round, ready_rounds

OWN = "The prompt of the Generation tab"
OWN_SETTINGS = (
    "model", "granularity", "mask_operator", "max_new_tokens", "response", "system_prompt",
    "system_prompt_placement", "thinking", "date",
)  # fmt: skip


def round_titles() -> list[str]:
    return [*(round.title for round in ready_rounds()), OWN]


def chosen_round(title: str, own: dict) -> Round:
    """The ready round of that title, or one of the Generation tab's inputs; raises MaskwiseError."""
    for round in ready_rounds():
        if round.title == title:
            return round
    if title != OWN:
        raise MaskwiseError("There is no such round. Choose one from the list.")
    return Round(OWN, own["prompt"], own["k"], settings={name: own[name] for name in OWN_SETTINGS})


def next_title(title: str) -> str:
    """The round after that one; after the last comes the first."""
    titles = [round.title for round in ready_rounds()] or [OWN]
    return titles[(titles.index(title) + 1) % len(titles)] if title in titles else titles[0]
