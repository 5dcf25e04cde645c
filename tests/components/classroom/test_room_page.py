"""A room on the whole page: three rounds with a reload and a lost connection, what is refused, and that
axe-core finds nothing in any of its phases, light and dark."""

import json
import re
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from benchmarks.items.rooms import PHONE, class_in, join, mark
from components.classroom.room_routes import MOST_BYTES, ROOMS
from components.classroom.room_section import MINE
from components.sharing.round_choice import chosen_round, round_titles
from tests import axe
from tests.browser import choose, expect, guarded_page, leave_for, turn_dark
from tests.hostile_surfaces import event_of

JSON = {"Content-Type": "application/json"}
HOSTILE = "Write <img src=x onerror=alert(1)> about ${alert(2)} and {{ value }} today"
ROUNDS = ("Sentiment: warm and funny", "A capital, in verse", "Topic: chips for a ministry")


def test_a_room_from_its_first_code_to_its_end_and_a_class_of_eight_in_the_next(browser, url):
    with class_in(browser, url) as room:
        teacher, phone = room.teacher, room.reloading
        code = teacher.locator(".mw-room-code").inner_text()
        _nothing_is_found({"lobby": teacher})
        _a_name_from_right_to_left_leaves_the_points_behind_it(room, code)
        join(phone, url, code.lower(), "<b>Ada</b> ${alert(3)}")
        _a_reload_finds_the_room_again(teacher, code)
        _a_prompt_of_the_teachers_own_stays_text(room)
        _targets_are_large_enough_for_a_finger(room.losing)
        _its_marks_are_counted(teacher, phone)
        _nothing_is_found_in_the_dark(teacher, phone)
        _out_by_a_new_code(room, code)
        _out_of_an_emptied_room(room)
        _the_room_ends(teacher)
        for page in (teacher, phone, room.losing):
            page.problems[:] = [problem for problem in page.problems if "410" not in problem]
        _another_room(teacher)
        _a_class_of_eight_and_two_phones_through_three_rounds(room)


def _nothing_is_found(pages):
    found = [fault for name, page in pages.items() for fault in axe.faults(page, name)]
    assert not found, "\n".join(map(str, found))


def _nothing_is_found_in_the_dark(teacher, phone):
    for page in (teacher, phone):
        turn_dark(page)
    projector = teacher.get_by_role("button", name="Projector mode")
    projector.click()
    expect(teacher.locator("#room .mw-spread")).to_be_visible()
    _nothing_is_found({"revealed, teacher, dark": teacher, "revealed, student, dark": phone})
    projector.click()
    for page in (teacher, phone):
        page.emulate_media(color_scheme="light")


def _a_name_from_right_to_left_leaves_the_points_behind_it(room, code):
    join(room.losing, room.url, code, "علي")
    expect(room.losing.locator(".mw-room-where")).to_contain_text("علي")
    expect(room.losing.locator(".mw-room-where")).to_have_css("direction", "ltr")


def _a_reload_finds_the_room_again(teacher, code):
    leaders = teacher.get_by_label("Leaderboard of nicknames")
    with teacher.expect_response(lambda answer: "run/predict" in answer.url):
        leaders.uncheck()
    leave_for(teacher, teacher.url)
    teacher.get_by_role("tab", name="Classroom", exact=True).click()
    teacher.get_by_role("tab", name="A room for the class").click()
    expect(teacher.locator(".mw-room-code")).to_have_text(code)
    expect(leaders).not_to_be_checked()
    leaders.check()


def _a_prompt_of_the_teachers_own_stays_text(room):
    choose(room.teacher, "#room-round", MINE)
    room.teacher.locator("#room-prompt textarea").fill(HOSTILE)
    room.teacher.locator("#room-begin").click()
    for page, strip in ((room.teacher, "#room .mw-strip"), (room.reloading, ".mw-room-marking .mw-strip")):
        expect(page.locator(strip).first).to_contain_text("<img src=x onerror=alert(1)>")


def _targets_are_large_enough_for_a_finger(phone):
    for target in (".mw-room-marking .mw-token", ".mw-room-button:visible"):
        phone.locator(target).first.wait_for()
        for found in phone.locator(target).all():
            box = found.bounding_box()
            assert box["width"] >= 44 and box["height"] >= 44, found.inner_text()


def _its_marks_are_counted(teacher, phone):
    teacher.locator("#room-reveal").click()
    expect(teacher.locator("#room-said [role=alert]")).to_contain_text("Nobody has sent marks yet")
    mark(phone, 0)
    expect(teacher.locator("#room .mw-words").first).to_contain_text("The best set is found")
    _nothing_is_found({"marking, teacher": teacher, "marking, student": phone})
    teacher.locator("#room-reveal").click()
    expect(phone.locator(".mw-score").first).to_have_text(re.compile(r"\d+%|No score"))
    _nothing_is_found({"revealed, teacher": teacher, "revealed, student": phone})
    counted = phone.locator(".mw-class-strip [data-count='1']")
    expect(counted).to_have_count(3)
    expect(counted.first).to_have_attribute("aria-label", re.compile("chosen by 1 of 1, marked by you"))
    teacher.locator(".mw-class-strip [data-count='1']").first.focus()
    expect(teacher.locator(".mw-tip:popover-open")).to_contain_text("chosen by 1 of 1")
    for page in (teacher, phone):
        assert page.locator("img[src='x']").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _out_by_a_new_code(room, code):
    """A phone that sent nothing; the other one has sent marks, and stays."""
    silent, phone, codes = room.losing, room.reloading, room.teacher.locator(".mw-room-code")
    expect(room.teacher.locator(".mw-room-counts")).to_contain_text("2 joined")
    room.teacher.get_by_role("button", name="New code").click()
    expect(silent.locator(".mw-room-refused")).to_contain_text("the code that your teacher shows now")
    expect(silent.get_by_label("Code")).to_have_value("")
    _nothing_is_found({"form": silent})
    expect(room.teacher.locator(".mw-room-counts")).to_contain_text("1 joined")
    expect(codes).not_to_have_text(code)
    silent.get_by_label("Code").fill(codes.inner_text())
    silent.get_by_role("button", name="Join").click()
    expect(room.teacher.locator(".mw-room-counts")).to_contain_text("2 joined")
    phone.goto(f"{room.url}room?room={codes.inner_text()}")
    phone.get_by_role("button", name="Join").click()  # by the new code, and finds its own place
    expect(phone.locator(".mw-score").first).to_be_visible()
    expect(room.teacher.locator(".mw-room-counts")).to_contain_text("2 joined")


def _out_of_an_emptied_room(room):
    empty = room.teacher.get_by_role("button", name="Empty the room")
    empty.click()
    room.teacher.get_by_role("button", name="Really? All join again").click()
    for phone in (room.losing, room.reloading):
        expect(phone.locator(".mw-room-refused")).to_contain_text("the code that your teacher shows now")
        expect(phone.locator(".mw-room-refused")).to_contain_text("This room has ended")
    expect(room.teacher.locator(".mw-room-counts")).to_contain_text("0 joined")
    expect(empty).to_be_visible()


def _the_room_ends(teacher):
    teacher.locator("#room-end").click()
    expect(teacher.locator("#room-end")).to_have_text(re.compile("Really"))
    expect(teacher.locator(".mw-room-counts")).to_be_visible()
    teacher.locator("#room-end").click()
    expect(teacher.locator("#room")).to_contain_text("nothing of it is kept")
    expect(teacher.locator("#room-open")).to_be_visible()


def _another_room(teacher):
    code = teacher.locator(".mw-room-code").text_content()
    teacher.locator("#room-open").click()
    expect(teacher.locator(".mw-room-code")).not_to_have_text(code)
    expect(teacher.locator(".mw-room-code")).to_be_visible()


def _a_class_of_eight_and_two_phones_through_three_rounds(room):
    result = room.play(8, ROUNDS, think_seconds=0.5)
    assert result["finished"] == 8 and result["failures"] == []
    assert [row["title"] for row in result["rounds"]] == list(ROUNDS)
    assert all(len(row["browsers"]) == 3 - (n == 1) for n, row in enumerate(result["rounds"]))


def test_the_next_round_follows_the_one_that_is_played(url):
    """Also where a page that was reloaded shows the first one as chosen."""
    titles = round_titles()
    teacher = ROOMS.open("https://maskwise.test/room")
    ROOMS.begin(teacher, chosen_round(titles[3], {}))
    config = json.loads(urlopen(f"{url}config", timeout=30).read())
    body = {
        "data": [{"key": teacher}, titles[0]],
        "fn_index": event_of(config, "room-next", "click")["id"],
    }
    said = urlopen(Request(f"{url}gradio_api/run/predict", json.dumps(body).encode(), JSON), timeout=30)
    assert json.load(said)["data"] == [titles[4]]


def test_a_wrong_code_is_refused_in_words(browser, url):
    with guarded_page(browser, **PHONE) as phone:
        phone.goto(f"{url}room")
        phone.get_by_label("Code").fill("bcdfgh")
        phone.get_by_role("button", name="Join").click()
        expect(phone.locator(".mw-room-refused")).to_contain_text("There is no room with this code")
        phone.problems[:] = [problem for problem in phone.problems if "400" not in problem]


def answer(url, path, body=None, key=""):
    """Status and JSON of an answer."""
    asked = Request(f"{url}rooms/{path}", body, {"maskwise-key": key} if key else {})
    try:
        with urlopen(asked, timeout=30) as found:
            return found.status, json.load(found)
    except HTTPError as refused:
        return refused.code, json.load(refused)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"[" * 9000, b"\xff", b"null", b"{" + b" " * MOST_BYTES + b"}"]
)
def test_what_is_no_request_is_refused_in_words(url, body):
    for path in ("join", "marks"):
        status, said = answer(url, path, body or b" ", "x")
        assert status == 400 and set(said) == {"error"} and said["error"].endswith(".")


@pytest.mark.parametrize("values", [{}, {"code": 5}, {"code": ["a"]}, {"code": None, "name": {}}])
def test_a_code_that_is_none_is_refused_in_words(url, values):
    status, said = answer(url, "join", json.dumps(values).encode())
    assert status == 400 and "no room with this code" in said["error"]


def test_a_key_that_opens_nothing_is_told_so(url):
    for path, body in (("state", None), ("marks", b"{}")):
        status, said = answer(url, path, body, "nothing")
        assert status == 410 and "has ended" in said["error"]
