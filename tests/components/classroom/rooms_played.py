"""Rooms played without a model: what its run would say is told by the test."""

import re

from explainers.streams.game.rounds import Round

ADDRESS = "https://maskwise.test/below/room"
ROUND = Round("A story", "Write a short story about a doctor.", 2)


class Clock:
    def __init__(self):
        self.time = 1000.0

    def __call__(self):
        return self.time


def words_of(text):
    places = [re.search(rf"\b{re.escape(word)}\b", text).start() for word in text.rstrip(".").split()]
    words = text.rstrip(".").split()
    return [
        {"text": word, "start": start, "end": start + len(word)}
        for word, start in zip(words, places, strict=True)
    ]


def code_of(rooms, teacher):
    return rooms.state(teacher)["code"]


def begun(rooms, teacher, round=ROUND):
    """A round whose words are there."""
    played = rooms.begin(teacher, round)
    rooms.tell(rooms.led(teacher), played, [{"type": "words", "spans": words_of(round.text)}])
    return played


def effect(removed, drop):
    return {"removed": removed, "log_prob_masked": -9.0, "drop": drop, "probability_ratio": 0.5}


def scored(removed, score):
    return effect(removed, score * 4) | {"score": score, "sentence": f"You have {score:.0%}."}


def revealed(rooms, teacher, played, scores):
    """Reveal, and what the model's run then says. scores: by marked words."""
    rooms.reveal(teacher)
    random = effect([0, 1], 0.5) | {"low": 0.1, "high": 0.9, "sets": [effect([0, 1], 0.5)]}
    best = effect([4, 6], 4.0) | {"title": "Best", "certificate": "Optimal."}
    shown = {"guess": effect([2, 3], 2.0), "best": best, "method": None, "random": random}
    told = {"type": "revealed", "log_prob": -5.0, "score": 0.5, "sentence": "Your marks do half.", **shown}
    events = [{"type": "scored", "guesses": [scored(list(w), s) for w, s in scores.items()]}, told]
    rooms.tell(rooms.led(teacher), played, [*events, {"type": "played"}])
