"""Studies that are declared: read from their TOML files, with what is wrong in one sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from explainers.core.errors import MaskwiseError
from explainers.core.types import Task
from studies.study import AnyStudy

DECLARED = Path(__file__).parent / "declared"
UNKNOWN = "There is no such setting"
_READER: TypeAdapter[AnyStudy] = TypeAdapter(Annotated[AnyStudy, Field(discriminator="task")])


def declared_studies() -> list[str]:
    return sorted(path.stem for path in DECLARED.glob("*.toml"))


def read_study(name: str) -> AnyStudy:
    """A declared study by its name, or one of a TOML file by its path. Raises MaskwiseError."""
    path = Path(name) if name.endswith(".toml") else DECLARED / f"{name}.toml"
    if not path.is_file():
        raise MaskwiseError(f"There is no study {name!r}. There are: {', '.join(declared_studies())}.")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MaskwiseError(f"{path.name} is not TOML: {error}. Mend it there.") from error
    return make_study({"name": path.stem} | values)


def make_study(values: dict) -> AnyStudy:
    """A study of plain values. Raises MaskwiseError, which names the value that is wrong."""
    try:
        return _READER.validate_python(values)
    except ValidationError as error:
        said = ": ".join([values.get("name", "The study"), *_said_of(error.errors(include_url=False)[0])])
        raise MaskwiseError(f"{said.rstrip('.')}.") from error


def _said_of(wrong: ErrorDetails) -> list[str]:
    """Which value, if it is one, and what is wrong with it."""
    if wrong["type"].startswith("union_tag"):
        return ["task", f"It must be {' or '.join(Task)}"]
    place = ".".join(map(str, wrong["loc"][1:]))
    what = UNKNOWN if wrong["type"] == "extra_forbidden" else wrong["msg"].removeprefix("Value error, ")
    return [place, what] if place else [what]
