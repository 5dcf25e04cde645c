"""Values as the papers print them, beside those of a study, where both can be compared."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from studies.study import AnyStudy, Declared

FILE = Path(__file__).parents[1] / "published.toml"
AGREES, DIFFERS, INCOMPARABLE = "agrees", "does not", "cannot be compared"


class Published(Declared):
    """One number of a paper. source: where it was read. k: 0 where the number belongs to none."""

    study: str
    data: str
    method: str
    measure: str
    k: int = 0
    condition: int = 0
    value: float
    source: str


@cache
def published_values() -> tuple[Published, ...]:
    values = tomllib.loads(FILE.read_text(encoding="utf-8"))["value"]
    return tuple(TypeAdapter(list[Published]).validate_python(values))


def published_value(study: AnyStudy, row: dict) -> Published | None:
    """row: of the summary."""
    for each in published_values():
        same = (each.study, each.data, each.method, each.measure, each.condition)
        here = (study.name, row["data"], row["method"], row["measure"], row["condition"])
        if same == here and each.k in (0, row["k"]):
            return each
    return None


def verdict(value: Published | None, low: float, high: float, departs: bool) -> str:
    """Whether the paper's number lies in our interval. departs: the settings are not the published ones."""
    if value is None or departs:
        return INCOMPARABLE
    return AGREES if low <= value.value <= high else DIFFERS
