"""Places in a room: a full one has free those that nobody uses, and a browser has one."""

import json

import pytest

from components.classroom.rooms import SILENT_SECONDS, UNSEEN_SECONDS, RoomEnded
from explainers.core.errors import MaskwiseError
from tests.components.classroom.rooms_played import ADDRESS, begun, code_of


def test_nobody_fills_a_room_alone(rooms, clock):
    """Who joins over and over: those places are free again for a class behind the same address."""
    code = code_of(rooms, teacher := rooms.open(ADDRESS))
    begun(rooms, teacher)
    sat = [rooms.join(code, f"n{n}", "school") for n in range(70)]
    with pytest.raises(MaskwiseError, match="The room is full: 70 are in it"):
        rooms.join(code, "", "school")
    for key in sat[:20]:
        rooms.tag(key)  # their pages are there
    rooms.mark(sat[-1], [0, 1])
    clock.time += UNSEEN_SECONDS + 1
    rooms.tag(sat[0])
    there = [rooms.join(code, "", "school") for _ in range(49)]
    assert rooms.state(teacher)["joined"] == 70 and rooms.state(sat[-1])["me"]["marks"] == [0, 1]
    with pytest.raises(MaskwiseError, match="The room is full"):
        rooms.join(code)
    with pytest.raises(RoomEnded, match="your place was given away"):
        rooms.tag(sat[30])
    for key in there:
        rooms.tag(key)
    clock.time += SILENT_SECONDS - UNSEEN_SECONDS
    assert [rooms.join(code) for _ in range(19)] and rooms.state(sat[0])["me"]
    with pytest.raises(RoomEnded):
        rooms.state(sat[1])


def test_a_browser_that_joins_again_keeps_its_place(rooms):
    code = code_of(rooms, teacher := rooms.open(ADDRESS))
    key = rooms.join(code, "Ada")
    assert rooms.join(code, "", seat=key) == rooms.join(code, "Ada", seat=key) == key
    assert rooms.state(key)["me"]["name"] == "Ada" and rooms.state(teacher)["joined"] == 1
    assert rooms.join(code, "Grace", seat=key) == key and rooms.state(key)["me"]["name"] == "Grace"
    assert rooms.join(code, "Ada", seat="of another room") != key


def test_a_new_code_gives_a_filled_room_back_to_its_class(rooms):
    """Against a script that fills the room and whose pages stay: it is not told the new code."""
    code = code_of(rooms, teacher := rooms.open(ADDRESS))
    ada = rooms.join(code, "Ada", "school")
    begun(rooms, teacher)
    rooms.mark(ada, [0, 1])
    assert not rooms.state(teacher)["full"]
    script = [rooms.join(code, "", "school") for _ in range(69)]
    for key in script:
        assert rooms.tag(key) and code not in json.dumps(rooms.state(key))
    assert rooms.state(teacher)["full"]
    with pytest.raises(RoomEnded):
        rooms.renew_code(ada)
    before = rooms.tag(teacher)
    rooms.renew_code(teacher)
    told = rooms.state(teacher)
    assert rooms.tag(teacher) != before and told["code"] != code and told["link"].endswith(told["code"])
    assert told["joined"] == told["answered"] == 1 and rooms.state(ada)["me"]["marks"] == [0, 1]
    for key in script:
        with pytest.raises(RoomEnded, match="code that your teacher shows now"):
            rooms.tag(key)
    with pytest.raises(MaskwiseError, match="There is no room with this code"):
        rooms.join(code, "", "school")
    assert rooms.join(told["code"], "", "school", seat=ada) == ada
    assert [rooms.join(told["code"], "", "school") for _ in range(60)]
    rooms.end(teacher)
    assert rooms.sweep() == 0


def test_an_emptied_room_is_open_to_its_class_alone(rooms):
    """Against a script that has sent marks from each place."""
    code = code_of(rooms, teacher := rooms.open(ADDRESS))
    played = begun(rooms, teacher)
    script = [rooms.join(code, "Script", "school") for _ in range(70)]
    for key in script:
        rooms.mark(key, [0, 1])
    with pytest.raises(RoomEnded):
        rooms.empty(script[0])
    rooms.empty(teacher)
    told = rooms.state(teacher)
    assert told["joined"] == told["answered"] == 0 and not played.guesses and told["code"] != code
    for key in script:
        with pytest.raises(RoomEnded):
            rooms.mark(key, [0, 1])
    with pytest.raises(MaskwiseError, match="There is no room with this code"):
        rooms.join(code, "", "school", seat=script[0])
    ada = rooms.join(told["code"], "Ada", "school")
    rooms.mark(ada, [0, 2])
    rooms.reveal(teacher)
    rooms.empty(teacher)  # what is revealed stays as it was
    rooms.tell(rooms.led(teacher), played, [])
    assert rooms.state(teacher)["answered"] == 1
