"""Requests that pydantic checks: what is wrong is said by name, in one sentence."""

from dataclasses import FrozenInstanceError, asdict, field, replace
from typing import Annotated, Any

import pytest
from annotated_types import MaxLen
from hypothesis import given
from hypothesis import strategies as st

from explainers.core.base import EXPLAINERS, read_options
from explainers.core.errors import MaskwiseError, shown
from explainers.core.requests import between, one_of, request
from explainers.streams.requests.checks import check_range

KINDS = ["a", "b"]


@request
class Asked:
    text: Annotated[str, MaxLen(5)]
    count: Annotated[int, between(1, 9)] = 3
    kind: Annotated[str, one_of(lambda: KINDS)] = "a"
    options: dict[str, Any] = field(default_factory=dict)
    exact: bool = False

    def __post_init__(self):
        if self.text == "no":
            raise MaskwiseError("no is not taken. Say yes.")


@pytest.mark.parametrize(
    ("values", "named", "said"),
    [
        ((3,), {}, "text must be text."),
        (("long text",), {}, "text is limited to 5 characters. Shorten it."),
        (("x", 10), {}, "count must be a whole number between 1 and 9, not 10."),
        (("x",), {"count": True}, "count must be a whole number, not True."),
        (("x",), {"count": 2.0}, "count must be a whole number, not 2.0."),
        (("x",), {"kind": ["a"]}, "kind must be one of a, b, not ['a']."),
        (("x",), {"options": []}, "options must be an object of names and values."),
        (("x",), {"exact": 1}, "exact must be true or false."),
        (("x",), {"other": 1}, "There is no setting other. Leave it out."),
        ((), {}, "text is missing. Give it."),
        (("no",), {}, "no is not taken. Say yes."),
    ],
)
def test_what_is_wrong_is_said_by_name(values, named, said):
    with pytest.raises(MaskwiseError) as raised:
        Asked(*values, **named)
    assert str(raised.value) == said


HUGE = [10**400, -(10**400), 10**5000, 1e30, float("inf"), float("nan"), "1e5", "9" * 5000, True, -0.0]


@pytest.mark.parametrize("value", HUGE, ids=lambda value: shown(value)[:12])
def test_a_number_of_any_size_is_refused_in_a_short_sentence(value):
    for refused in (
        lambda: Asked("x", value),
        lambda: Asked("x", kind=value),
        lambda: check_range("k", value, 1, 9),
        lambda: read_options(EXPLAINERS["integrated_gradients"], {"steps": value}),
    ):
        with pytest.raises(MaskwiseError) as raised:
            refused()
        assert len(str(raised.value)) < 200 and str(raised.value).endswith(".")


def test_a_request_is_a_frozen_dataclass():
    asked = Asked("x", options={"k": 1})
    assert asdict(asked) == {"text": "x", "count": 3, "kind": "a", "options": {"k": 1}, "exact": False}
    assert replace(asked, count=4).count == 4
    with pytest.raises(MaskwiseError):
        replace(asked, count=0)
    with pytest.raises(FrozenInstanceError):
        asked.count = 5


def test_a_choice_that_is_added_later_is_taken(monkeypatch):
    monkeypatch.setattr("tests.explainers.core.test_requests.KINDS", ["a", "b", "c"])
    assert Asked("x", kind="c").kind == "c"


@given(st.text(st.characters(), max_size=5))
def test_half_characters_are_replaced(text):
    asked = Asked(text[:4] + "\ud83d") if text != "no" else Asked("x\ud83d")
    asked.text.encode()
    assert asked.text.endswith("\ufffd") and len(asked.text) <= 5
