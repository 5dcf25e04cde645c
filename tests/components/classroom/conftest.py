"""Rooms without a page, of bounds that tests reach soon."""

import pytest

from components.classroom.rooms import Rooms
from tests.components.classroom.rooms_played import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rooms(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    monkeypatch.setenv("MASKWISE_ROOMS", "5")
    monkeypatch.setenv("MASKWISE_STUDENTS", "70")
    return Rooms(clock)
