"""What is known of the rounds that were played last, and of those that come with Maskwise."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256

from explainers.models.loaded import LoadedModel
from explainers.streams.game.rounds import Round
from explainers.streams.game.subjects import KnownRound
from explainers.text.tasks import ASSETS

MOST_KEPT = 32  # rounds
SHIPPED = ASSETS / "classroom" / "known.json"

kept_rounds: OrderedDict[str, KnownRound] = OrderedDict()  # by known_key, the latest last


@contextmanager
def known_of(round: Round, loaded: LoadedModel) -> Iterator[KnownRound]:
    """What is known of this round, to be added to. While somebody else is at it, a copy: to wait for them
    could be to wait forever, since they may wait for the models that we have."""
    known = recall(round, loaded)
    if not known.at_work.acquire(blocking=False):
        yield replace(known, target=None)
        return
    try:
        yield known
    finally:
        known.at_work.release()


def recall(round: Round, loaded: LoadedModel) -> KnownRound:
    """What is known of this round with this model; at first nothing, or what comes with Maskwise."""
    key = known_key(round, loaded.name, loaded.revision)
    if key not in kept_rounds:
        kept_rounds[key] = KnownRound.of_json(shipped()[key]) if key in shipped() else KnownRound()
    known = kept_rounds[key]
    kept_rounds.move_to_end(key)
    while len(kept_rounds) > MOST_KEPT:
        kept_rounds.popitem(last=False)
    return known


def known_key(round: Round, model: str, revision: str) -> str:
    """The same for the same round and model."""
    return f"{_digest(asdict(round))}-{_digest([model, revision])}"


def forget(round: Round) -> None:
    """Drop what is known of a round, with any model."""
    own = [key for key in kept_rounds if key.startswith(_digest(asdict(round)))]
    for key in own:
        kept_rounds.pop(key, None)


@cache
def shipped() -> dict[str, dict]:
    """What comes with Maskwise of the ready rounds, by `known_key`."""
    return json.loads(SHIPPED.read_text(encoding="utf-8")) if SHIPPED.is_file() else {}


def _digest(values: dict | list) -> str:
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
