"""Properties of rooms: no room shows anything of another, and a class's guess is what most marked."""

import json
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from components.classroom.class_round import ClassRound
from components.classroom.rooms import RoomEnded, Rooms
from explainers.core.errors import MaskwiseError
from explainers.streams.game.rounds import Round
from tests.components.classroom.rooms_played import ADDRESS, ROUND, Clock, begun, code_of, words_of

WORDS = ROUND.text.rstrip(".").split()

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["join", "mark", "begin", "reveal", "leaders", "end", "wait"]),
        st.integers(0, 2),  # room
        st.integers(0, 5),  # student
        st.lists(st.integers(-1, 8), max_size=3),
    ),
    max_size=40,
)


@mock.patch.dict("os.environ", MASKWISE_ROOMS="3", MASKWISE_STUDENTS="9")
@mock.patch("components.classroom.room.qr_code", lambda link: "")  # takes longer than all else
@settings(max_examples=60)
@given(ACTS)
def test_no_room_shows_anything_of_another(acts):
    """Whatever happens, in whatever order: texts, names, codes and keys stay in their room."""
    clock = Clock()
    rooms = Rooms(clock)
    teachers = [rooms.open(ADDRESS, str(n)) for n in range(3)]
    codes = [code_of(rooms, teacher) for teacher in teachers]
    students = [[], [], []]
    for act, at, who, marks in acts:
        key = students[at][who % len(students[at])] if students[at] else "none"
        try:
            if act == "join":
                students[at].append(rooms.join(codes[at], f"name{at}of{who}"))
            elif act == "mark":
                rooms.mark(key, marks)
            elif act == "begin":
                begun(rooms, teachers[at], Round(f"title{at}", f"These words belong to text{at} alone.", 2))
            elif act == "reveal":
                rooms.reveal(teachers[at])
            elif act == "leaders":
                rooms.show_leaders(teachers[at], who % 2 == 0)
            elif act == "end":
                rooms.end(teachers[at])
            else:
                clock.time += 1000
        except MaskwiseError:
            pass
        _only_their_own(rooms, teachers, codes, students)


def _only_their_own(rooms, teachers, codes, students):
    secrets = [*teachers, *(key for keys in students for key in keys)]
    for at in range(3):
        for key in (teachers[at], *students[at]):
            try:
                shown = rooms.state(key)
            except RoomEnded:
                continue
            text = json.dumps(shown)
            assert not any(secret in text for secret in secrets)
            for other in {0, 1, 2} - {at}:
                strange = f"title{other}", f"text{other}", f"name{other}of", codes[other]
                assert not any(part in text for part in strange)
            if key in students[at]:
                assert not {"joined", "answered", "status", "link"} & shown.keys()


@settings(max_examples=80)
@given(st.lists(st.sets(st.integers(0, 6), min_size=2, max_size=2), min_size=1, max_size=30))
def test_the_guess_of_a_class_is_what_most_marked(guesses):
    """Against a slow count."""
    played = ClassRound(ROUND)
    played.add({"type": "words", "spans": words_of(ROUND.text)})
    for n, marks in enumerate(guesses):
        played.mark(str(n), sorted(marks, reverse=True))
    votes = [sum(t in marks for marks in guesses) for t in range(len(WORDS))]
    together = played.together()
    assert len(set(together)) == 2
    for inside in together:
        for outside in set(range(len(WORDS))) - set(together):
            assert (votes[inside], -inside) > (votes[outside], -outside)
    assert [span["count"] for span in played.strip()["spans"]] == votes
    assert {tuple(words) for words in played.unscored()} == {tuple(sorted(marks)) for marks in guesses}
