"""Requests: dataclasses whose fields pydantic checks; what it finds wrong is said in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import wraps
from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import AfterValidator, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from explainers.core.deployment import Deployment, deployment
from explainers.core.errors import MaskwiseError, shown
from explainers.core.unicode import whole_characters

T = TypeVar("T")

MESSAGES = {  # by pydantic's type of error
    "string_type": "{name} must be text.",
    "string_too_long": "{name} is limited to {max_length:,} characters. Shorten it.",
    "int_type": "{name} must be a whole number, not {value}.",
    "bool_type": "{name} must be true or false.",
    "dict_type": "{name} must be an object of names and values.",
    "list_type": "{name} must be a list.",
    "missing": "{name} is missing. Give it.",
    "unexpected_keyword_argument": "There is no setting {name}. Leave it out.",
}


@dataclass_transform(frozen_default=True)
def request(cls: type[T]) -> type[T]:
    """A frozen dataclass that raises MaskwiseError unless each value is of its field's type and bounds.

    Half characters in its texts are replaced first.
    """
    made: Any = dataclass(frozen=True, config=ConfigDict(strict=True, extra="forbid"))(cls)
    checked, names = made.__init__, [field.name for field in fields(made)]

    @wraps(checked)
    def __init__(self, *values, **named):
        try:
            given = {**dict(zip(names, values, strict=False)), **named}  # so that errors have names
            checked(self, **whole_characters(given))
        except ValidationError as error:
            raise MaskwiseError(_sentence(error.errors(include_url=False)[0])) from error

    made.__init__ = __init__
    return made


def one_of(choices: Callable[[], Iterable[str]]) -> BeforeValidator:
    """The value is one of these. choices: called at each check: a method added later is among them."""

    def check(value: object, info: ValidationInfo) -> object:
        if value not in (known := list(choices())):
            raise MaskwiseError(f"{info.field_name} must be one of {', '.join(known)}, not {shown(value)}.")
        return value

    return BeforeValidator(check)


def between(low: int, high: int) -> AfterValidator:
    """The number is one of low … high."""
    return AfterValidator(lambda value, info: _in_range(value, info, low, high))


def allowed(most: Callable[[Deployment], int]) -> AfterValidator:
    """The number is one of 1 … what the deployment allows at each check."""
    return AfterValidator(lambda value, info: _in_range(value, info, 1, most(deployment())))


def _in_range(value: int, info: ValidationInfo, low: int, high: int) -> int:
    if not low <= value <= high:
        raise MaskwiseError(
            f"{info.field_name} must be a whole number between {low} and {high}, not {shown(value)}."
        )
    return value


def _allowed_length(text: str, info: ValidationInfo) -> str:
    if len(text) > (longest := deployment().chars):
        raise MaskwiseError(MESSAGES["string_too_long"].format(name=info.field_name, max_length=longest))
    return text


Seed = Annotated[int, between(0, 2**31 - 1)]
AllowedText = Annotated[str, AfterValidator(_allowed_length)]  # as long as the deployment allows


def _sentence(error: ErrorDetails) -> str:
    """One of pydantic's findings in words; a MaskwiseError of our own keeps its message."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    name = error["loc"][0] if error["loc"] else "the request"
    if message := MESSAGES.get(error["type"]):
        return message.format(name=name, value=shown(error["input"]), **error.get("ctx", {}))
    return f"{name} is not right: {error['msg']}."
