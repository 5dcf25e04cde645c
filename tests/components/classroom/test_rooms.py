"""Rooms without a page: who is let in, what each is shown, and what ends."""

import json
import re
import weakref

import pytest

from components.classroom.limits import MOST_KNOWN, Allowance, visitor_of
from components.classroom.room import NAME_CHARS
from components.classroom.rooms import CODE_LETTERS, IDLE_SECONDS, LETTERS, RoomEnded, Rooms
from explainers.core.errors import MaskwiseError
from tests.components.classroom.rooms_played import ADDRESS, ROUND, begun, code_of, revealed, scored


def test_a_code_is_short_and_has_no_look_alikes(rooms):
    codes = {code_of(rooms, rooms.open(ADDRESS, str(n))) for n in range(5)}
    assert len(codes) == 5
    assert all(re.fullmatch(f"[{LETTERS}]{{{CODE_LETTERS}}}", code) for code in codes)
    assert not set(LETTERS) & set("0O1IAEU") and len(LETTERS) ** CODE_LETTERS > 6e7
    with pytest.raises(MaskwiseError, match="5 rooms are open already"):
        rooms.open(ADDRESS, "another")


def test_a_class_plays_a_round(rooms):
    teacher = rooms.open(ADDRESS)
    code = code_of(rooms, teacher)
    assert rooms.state(teacher)["link"] == f"{ADDRESS}?room={code}"
    assert rooms.state(teacher)["qr"].startswith("data:image/svg+xml")
    ada, grace, nobody = (
        rooms.join(code, " Ada\u202e "),
        rooms.join(f" {code.lower()} ", "Ada"),
        rooms.join(code),
    )
    assert [rooms.state(key)["me"]["name"] for key in (ada, grace, nobody)] == ["Ada", "Ada 2", ""]
    with pytest.raises(MaskwiseError, match="No round"):
        rooms.mark(ada, [0, 1])
    played = begun(rooms, teacher)
    rooms.mark(ada, [3, 2])
    rooms.mark(grace, [0, 1])
    rooms.mark(grace, [2, 5])
    told = rooms.state(teacher)
    assert (told["joined"], told["answered"], told["phase"]) == (3, 2, "marking")
    assert rooms.state(ada)["me"]["marks"] == [2, 3]
    assert sorted(played.unscored()) == [[2, 3], [2, 5]] and played.together() == [2, 3]
    revealed(rooms, teacher, played, {(2, 3): 0.5, (2, 5): 0.9})
    shown = rooms.state(nobody)
    assert [span["count"] for span in shown["round"]["strip"]["spans"]] == [0, 0, 2, 1, 0, 1, 0]
    assert shown["round"]["strip"]["best"] == [4, 6] and shown["round"]["strip"]["of"] == 2
    assert shown["round"]["spread"]["bins"] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert shown["round"]["spread"]["median"] == "70%" and shown["me"]["score"] is None
    assert [row["name"] for row in shown["round"]["reveal"]["rows"]] == [
        "The class together", "The best set", "Random marks"
    ]  # fmt: skip
    assert shown["leaders"] == [
        {"place": 1, "name": "Ada 2", "points": 90},
        {"place": 2, "name": "Ada", "points": 50},
    ]
    assert rooms.state(ada)["me"]["score"] == 0.5 and "50%" in rooms.state(ada)["me"]["sentence"]
    with pytest.raises(MaskwiseError, match="revealed already"):
        rooms.mark(nobody, [0, 1])
    json.dumps(shown, allow_nan=False)


def test_nothing_of_the_reveal_is_shown_before_it(rooms):
    teacher = rooms.open(ADDRESS)
    ada, grace = (rooms.join(code_of(rooms, teacher), name) for name in ("Ada", "Grace"))
    played = begun(rooms, teacher)
    rooms.mark(ada, [0, 1])
    early = [
        {"type": "rewritten", "who": "best", "text": "SECRET"},
        {"type": "scored", "guesses": [scored([0, 1], 0.7)]},
    ]
    rooms.tell(rooms.led(teacher), played, early)
    for key in (teacher, ada, grace):
        shown = rooms.state(key)
        text = json.dumps(shown)
        assert shown["phase"] == "marking" and "strip" not in shown["round"]
        assert "SECRET" not in text and "70%" not in text and "0.7" not in text
        assert shown["round"]["board"]["best"] is None and shown["round"]["board"]["selected"] == []
    assert rooms.state(grace)["me"]["marks"] == []


def test_the_leaderboard_can_be_turned_off_and_a_round_counts_once(rooms):
    teacher = rooms.open(ADDRESS)
    ada, _ = rooms.join(code_of(rooms, teacher), "Ada"), rooms.join(code_of(rooms, teacher))
    for score in (0.5, 1.0):
        played = begun(rooms, teacher)
        rooms.mark(ada, [2, 3])
        revealed(rooms, teacher, played, {(2, 3): score})
        assert rooms.state(ada)["leaders"] == [{"place": 1, "name": "Ada", "points": 50}]
    rooms.show_leaders(teacher, False)
    assert rooms.state(ada)["leaders"] is None and rooms.state(teacher)["leaders"] is None
    assert played.number == 2


def test_everybody_is_told_of_a_turn_and_the_teacher_of_each_mark(rooms):
    teacher = rooms.open(ADDRESS)
    ada = rooms.join(code_of(rooms, teacher))

    def changed(act):
        before = rooms.tag(teacher), rooms.tag(ada)
        act()
        return tuple(
            old != new for old, new in zip(before, (rooms.tag(teacher), rooms.tag(ada)), strict=True)
        )

    assert changed(lambda: rooms.join(code_of(rooms, teacher))) == (True, False)
    assert changed(lambda: begun(rooms, teacher)) == (True, True)
    played, room = rooms.led(teacher).played, rooms.led(teacher)
    assert changed(lambda: rooms.mark(ada, [0, 1])) == (True, True)  # who sent them may have a second page
    step = {"type": "step", "step": 1, "total": 9}
    assert changed(lambda: rooms.tell(room, played, [step])) == (True, False)
    assert changed(lambda: rooms.tell(room, played, [])) == (False, False)
    assert changed(lambda: rooms.reveal(teacher)) == (True, True)
    again = {"type": "scored", "guesses": [scored([0, 1], 0.2)]}
    assert changed(lambda: rooms.tell(room, played, [again])) == (True, True)


WRONG_MARKS = {"[0]": "exactly 2", "[0, 0]": "exactly 2"}
WRONG_MARKS |= dict.fromkeys(
    ["[0, 99]", "[-1, 0]", '"ab"', '{"a": 1}', "null", "[true, 0]", "[0.5, 1]"], "places"
)


@pytest.mark.parametrize(("sent", "words"), WRONG_MARKS.items())
def test_marks_that_cannot_be_are_refused_in_words(rooms, sent, words):
    teacher = rooms.open(ADDRESS)
    ada = rooms.join(code_of(rooms, teacher))
    begun(rooms, teacher)
    with pytest.raises(MaskwiseError, match=words):
        rooms.mark(ada, json.loads(sent))
    with pytest.raises(MaskwiseError, match="Nobody has sent"):
        rooms.reveal(teacher)


def test_keys_open_their_own_doors_alone(rooms):
    teacher = rooms.open(ADDRESS)
    ada = rooms.join(code_of(rooms, teacher))
    begun(rooms, teacher)
    for key in (ada, code_of(rooms, teacher), ""):
        for act in (rooms.end, rooms.reveal, rooms.led, lambda key: rooms.begin(key, ROUND)):
            with pytest.raises(RoomEnded):
                act(key)
    for act in (lambda: rooms.mark(teacher, [0, 1]), lambda: rooms.state("x"), lambda: rooms.tag("")):
        with pytest.raises(RoomEnded):
            act()
    assert ada not in json.dumps(rooms.state(teacher)) and teacher not in json.dumps(rooms.state(ada))


def test_a_silent_room_ends_after_an_hour_and_nothing_is_kept(rooms, clock):
    silent, used = rooms.open(ADDRESS), rooms.open(ADDRESS)
    ada, grace = rooms.join(code_of(rooms, silent)), rooms.join(code_of(rooms, used))
    played, others = begun(rooms, silent), begun(rooms, used)
    clock.time += IDLE_SECONDS - 1
    assert rooms.state(ada) and rooms.sweep() == 2  # to look is no use of it
    rooms.mark(grace, [0, 1])
    clock.time += 2
    assert rooms.sweep() == 1 and played.over and not others.over
    for key in (silent, ada):
        with pytest.raises(RoomEnded, match="has ended"):
            rooms.state(key)
    assert rooms.state(grace)
    kept = weakref.ref(rooms.led(used))
    rooms.end(used)
    assert kept() is None


def test_a_new_round_ends_the_one_before(rooms):
    teacher = rooms.open(ADDRESS)
    first = begun(rooms, teacher)
    assert rooms.begin(teacher, ROUND).number == 2 and first.over


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("\u3164\u115f\u2800\ufe0f", ""),  # nothing of it is seen
        ("\u202eadA\u2066 x\x00", "adA x"),
        ("A\u034fd\u200ba", "Ada"),
        ("Ａｄａ", "Ada"),
        ("Z" + "\u0300" * 50 + "oe", "Z\u0300\u0300oe"),
        ("Ada\nof\tTurin", "Ada of Turin"),
        ("x" * 10_000, "x" * NAME_CHARS),
        ("\ud800", "\ufffd"),
        ("ليلى", "ليلى"),
        ("<b>Ada</b> ${1}", "<b>Ada</b> ${1}"),  # the page writes it as text
    ],
)
def test_a_nickname_is_what_is_seen_of_it(rooms, typed, shown):
    code = code_of(rooms, rooms.open(ADDRESS))
    assert rooms.state(rooms.join(code, typed))["me"]["name"] == shown


def test_a_second_click_on_reveal_does_nothing(rooms):
    teacher = rooms.open(ADDRESS)
    ada = rooms.join(code_of(rooms, teacher))
    played = begun(rooms, teacher)
    rooms.mark(ada, [0, 1])
    revealed(rooms, teacher, played, {(0, 1): 0.5})
    before = rooms.state(teacher)
    rooms.reveal(teacher)
    assert rooms.state(teacher) == before and before["status"]["state"] == "done"


def test_a_second_page_of_a_student_hears_of_the_marks_that_the_first_one_sent(rooms):
    teacher = rooms.open(ADDRESS)
    ada, grace = (rooms.join(code_of(rooms, teacher), name) for name in ("Ada", "Grace"))
    begun(rooms, teacher)
    before = rooms.tag(ada), rooms.tag(grace)
    rooms.mark(ada, [0, 1])
    assert rooms.tag(ada) != before[0] and rooms.tag(grace) == before[1]
    assert rooms.state(ada)["me"]["marks"] == [0, 1]


def test_a_room_is_bounded(rooms):
    code = code_of(rooms, rooms.open(ADDRESS))
    keys = [rooms.join(code, "x" * 999) for _ in range(70)]
    assert len({rooms.state(key)["me"]["name"] for key in keys}) == 70
    assert all(len(rooms.state(key)["me"]["name"]) <= NAME_CHARS + 3 for key in keys)
    with pytest.raises(MaskwiseError, match="full"):
        rooms.join(code)


def test_codes_cannot_be_guessed_in_bulk(rooms, clock):
    code = code_of(rooms, rooms.open(ADDRESS))

    def tries(visitor, count):
        return sum("no room" in refusal(rooms.join, "AAAAAA", "", visitor) for _ in range(count))

    assert tries("school", 1000) == 60
    assert "Too many wrong codes" in refusal(rooms.join, code, "", "school")  # else a guess would tell
    assert rooms.join(code, "", "elsewhere")
    clock.time += 10
    assert tries("school", 1000) == 10
    clock.time += 120
    assert rooms.join(code, "", "school")


def refusal(act, *values):
    with pytest.raises(MaskwiseError) as refused:
        act(*values)
    return str(refused.value)


def test_rooms_are_not_opened_in_bulk(clock, monkeypatch):
    monkeypatch.setenv("MASKWISE_ROOMS", "1000")
    rooms = Rooms(clock)
    for _ in range(10):
        rooms.open(ADDRESS, "a")
    assert "Many rooms" in refusal(rooms.open, ADDRESS, "a")
    clock.time += 61
    rooms.open(ADDRESS, "a")


def test_what_is_known_of_visitors_is_bounded(clock):
    allowance = Allowance(1, 60.0, clock)
    for n in range(MOST_KNOWN + 10):
        allowance.spend(str(n))
    assert sum(not allowance.is_left(str(n)) for n in range(MOST_KNOWN + 10)) == MOST_KNOWN


def test_addresses_of_one_network_count_together():
    assert visitor_of("2001:db8::1") == visitor_of("2001:db8::ffff:2") != visitor_of("2001:db8:1::1")
    assert visitor_of("10.0.0.1") != visitor_of("10.0.0.2")
    assert visitor_of(None) == "" and visitor_of("testclient") == "testclient"
