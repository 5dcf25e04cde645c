"""The model's work for a room: once for all, nobody forgotten, nothing kept of a text of one's own."""

import time
from threading import Condition

import pytest

from components.classroom import room_run
from components.classroom.room_run import RoomRun
from components.classroom.rooms import Rooms
from components.runner import RUNNER
from explainers.core.errors import MaskwiseError
from explainers.streams.game import guessing
from explainers.streams.game.known_rounds import kept_rounds
from explainers.streams.game.rounds import Round

OWN = Round("Our own", "Write a short story about a doctor.", 2, settings={"max_new_tokens": 6})
SECONDS = 60


@pytest.fixture
def rooms(on_tiny_models, monkeypatch):
    kept_rounds.clear()
    monkeypatch.setattr(room_run, "GATHER_SECONDS", 0.05)
    monkeypatch.setattr(room_run, "FULL_SECONDS", 0.05)
    return Rooms()


def begun(rooms, round=OWN):
    """The teacher's key, two students' keys and the round, whose work has begun."""
    teacher = rooms.open("https://maskwise.test/room")
    code = rooms.state(teacher)["code"]
    students = [rooms.join(code, name) for name in ("Ada", "Grace")]
    played = rooms.begin(teacher, round)
    RoomRun(rooms, rooms.led(teacher), played).begin()
    return teacher, students, played


def wait_for(rooms, true):
    changed: Condition = rooms.changed
    for _ in range(SECONDS * 20):
        with changed:
            if true():
                return
            changed.wait(0.05)
    raise AssertionError("not within a minute")


def test_guesses_are_scored_while_they_come_and_shown_after_the_reveal(rooms):
    teacher, (ada, grace), played = begun(rooms)
    wait_for(rooms, lambda: played.spans)
    rooms.mark(ada, [0, 1])
    wait_for(rooms, lambda: played.scored)
    assert not rooms.state(ada)["me"]["sentence"]
    rooms.mark(grace, [4, 6])
    rooms.reveal(teacher)
    wait_for(rooms, lambda: played.progress.text.startswith("Revealed"))
    assert played.scored.keys() == {(0, 1), (4, 6)} and len(played.revealed["random"]["sets"]) == 20
    assert all(rooms.state(key)["me"]["sentence"] for key in (ada, grace))
    assert {row["who"] for row in rooms.state(ada)["round"]["reveal"]["rows"]} == {"guess", "best", "random"}
    wait_for(rooms, lambda: not kept_rounds)  # a text of one's own is forgotten


def test_no_score_waits_for_the_answers_that_are_still_written(rooms, monkeypatch):
    """Nor does the reveal: it ends what the rehearsal is still at."""

    def writing_for_ever(round, hook):
        yield from guessing.prepare(round, hook)
        while True:
            hook(1)
            yield {"type": "rewritten", "who": "best", "text": "On and on"}
            time.sleep(0.01)

    monkeypatch.setattr(room_run, "rehearse", writing_for_ever)
    teacher, (ada, _), played = begun(rooms)
    wait_for(rooms, lambda: played.spans)
    rooms.mark(ada, [0, 1])
    wait_for(rooms, lambda: played.scored)
    rooms.reveal(teacher)
    wait_for(rooms, lambda: played.progress.text.startswith("Revealed"))
    assert rooms.state(ada)["me"]["sentence"] and played.progress.state == "done"


def test_marks_that_come_while_others_are_scored_count_too(rooms, monkeypatch):
    teacher, (ada, grace), played = begun(rooms)
    score, called = guessing.score_guesses, []

    def score_slowly(round, guesses, hook):
        if not called:
            rooms.mark(grace, [2, 3])
            rooms.reveal(teacher)
        called.append(guesses)
        yield from score(round, guesses, hook)

    monkeypatch.setattr(room_run, "score_guesses", score_slowly)
    wait_for(rooms, lambda: played.spans)
    rooms.mark(ada, [0, 1])
    wait_for(rooms, lambda: played.progress.text.startswith("Revealed"))
    assert called == [[[0, 1]], [[2, 3]]]
    assert all(rooms.state(key)["me"]["sentence"] for key in (ada, grace))


def test_a_round_that_cannot_be_played_says_so_to_all(rooms):
    teacher, (ada, _), played = begun(rooms, Round("Short", "Two words", 3))
    wait_for(rooms, lambda: played.progress.state == "error")
    assert "only 2 words" in rooms.state(ada)["round"]["failed"]
    assert rooms.state(teacher)["status"]["state"] == "error"
    assert rooms.begin(teacher, OWN).number == 2


def test_a_full_line_is_asked_again(rooms, monkeypatch):
    start, tries = RUNNER.start, []

    def start_at_the_third_try(*asked):
        tries.append(asked)
        if len(tries) < 3:
            raise MaskwiseError("The line is full.")
        return start(*asked)

    monkeypatch.setattr(RUNNER, "start", start_at_the_third_try)
    _, _, played = begun(rooms)
    wait_for(rooms, lambda: played.spans)
    assert len(tries) == 3


def test_nobody_can_leave_the_line_in_a_rooms_name(rooms):
    """Whoever names a session to the server may leave it: nothing that is shown says which a room's is."""
    teacher, students, played = begun(rooms)
    room = rooms.led(teacher)
    session, _ = RoomRun(rooms, room, played).slot("scores")
    shown = [rooms.state(key) for key in (teacher, *students)]
    assert room.code not in session and session not in str(shown) and len(session) > 40
    rooms.end(teacher)


def test_the_end_of_a_room_ends_its_work(rooms, monkeypatch):
    left = []
    monkeypatch.setattr(RUNNER, "end", left.append)
    teacher, _, played = begun(rooms)
    wait_for(rooms, lambda: played.spans)
    rooms.end(teacher)
    wait_for(rooms, lambda: left)
    assert played.over
