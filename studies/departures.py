"""How a study's settings differ from those that were declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studies.study import FILES, AnyStudy, Declared


def departures(study: AnyStudy, published: AnyStudy) -> list[str]:
    """How a study's settings differ from those of another, a line each; files without their folders."""
    own, other = ({data.name: data for data in each.data} for each in (study, published))
    lines = _differences(study, published, leave=("device", "data"))
    for name in own | other:
        if name not in other:
            lines.append(f"data {name} added: {_said(own[name].source)}")
        elif name not in own:
            lines.append(f"data {name} left out")
        else:
            lines += [f"data {name}, {line}" for line in _differences(own[name], other[name])]
    return lines


def _differences(ours: Declared, theirs: Declared, leave: tuple[str, ...] = ()) -> list[str]:
    a, b = (_flat(each.model_dump(exclude=set(leave))) for each in (ours, theirs))
    names = [name for name in b | a if a.get(name) != b.get(name)]
    return [
        f"{name}: {_said(a.get(name, 'none'))} (published: {_said(b.get(name, 'none'))})" for name in names
    ]


def _flat(values: dict, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    text = str("none" if value in (None, "") else value)
    return Path(text).name if text.endswith(FILES) else text
