"""A class in a room: scripted students, a teacher and two phones in real browsers, through three rounds.

One phone reloads and the other loses its connection in the second round, and so do two of the students.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from statistics import median
from time import monotonic, sleep

from playwright.sync_api import Browser, Page, expect

from benchmarks.items.room_students import Crowd, ScriptedStudent
from benchmarks.items.start import ROOT, served
from benchmarks.setting import Setting
from tests.browser import choose, chromium, guarded_page

NAME, TITLE = "rooms", "A room: 60 scripted students, a teacher and two phones, through three rounds"
STUDENTS, THINK_SECONDS = 60, 10.0
ROUNDS = ("Sentiment: warm and funny", "A capital, in verse", "Topic: chips for a ministry")
SCREEN = {"viewport": {"width": 1920, "height": 1080}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
OFFLINE = "ERR_INTERNET_DISCONNECTED"
END_SECONDS = 60.0


def measure(setting: Setting) -> dict:
    with served(ROOT) as page, chromium() as browser, class_in(browser, page.url) as room:
        return room.play(STUDENTS, ROUNDS, THINK_SECONDS)


def table(result: dict) -> list[str]:
    lines = [
        f"{result['students']} scripted students: {result['finished']} saw all rounds to the end, "
        f"{len(result['failures'])} failures, {result['requests']} requests. Seconds, median and largest:",
        "",
        "| round | words on all, from Begin | best set found, from Begin | reveal on students, from Reveal "
        "| on the browsers | own score on students, from Reveal |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in result["rounds"]:
        browsers = ", ".join(f"{seconds:.2f}" for seconds in row["browsers"].values())
        lines.append(
            f"| {row['title']} | {_shown(row['words'])} | {row['prepared']:.1f} | {_shown(row['reveal'])} "
            f"| {browsers} | {_shown(row['scores'])} |"
        )
    return lines


def _shown(seconds: list[float]) -> str:
    return f"{seconds[0]:.2f}, {seconds[1]:.2f}"


@dataclass(frozen=True)
class ClassInBrowsers:
    """A room that a teacher has opened, and two phones."""

    url: str
    teacher: Page
    reloading: Page
    losing: Page

    def play(self, students: int, rounds: tuple[str, ...], think_seconds: float) -> dict:
        """Seconds are [median, largest] over the students who were there; browsers are seen one by one."""
        code = self.teacher.locator(".mw-room-code").inner_text()
        crowd = Crowd(self.url, code, students, len(rounds), think_seconds)
        for phone, name in ((self.reloading, "Kim"), (self.losing, "")):
            join(phone, self.url, code, name)
        expect(self.teacher.locator(".mw-room-counts")).to_contain_text(f"{students + 2} joined")
        played = [self._round(crowd, n, title) for n, title in enumerate(rounds, start=1)]
        crowd.end(END_SECONDS)
        finished = [student for student in crowd.students if len(student.scored) == len(rounds)]
        return {
            "students": students,
            "finished": len(finished),
            "failures": [failure for student in crowd.students for failure in student.failures],
            "requests": sum(student.requests for student in crowd.students),
            "rounds": played,
        }

    def _round(self, crowd: Crowd, number: int, title: str) -> dict:
        teacher, everybody = self.teacher, len(crowd.students) + 2
        choose(teacher, "#room-round", title)
        begun = monotonic()
        teacher.locator("#room-begin").click()
        for phone, first in ((self.reloading, 0), (self.losing, 1)):
            mark(phone, first)
        expect(teacher.locator(".mw-room-counts")).to_contain_text(f"{everybody} sent marks")
        expect(teacher.locator("#room .mw-words").first).to_contain_text("The best set is found")
        prepared = monotonic() - begun
        if number == 2:
            self.reloading.reload()
            expect(self.reloading.locator("[data-selected]").first).to_be_visible()
            self.losing.context.set_offline(True)
        clicked = monotonic()
        teacher.locator("#room-reveal").click()
        seen = {
            "phone": seconds_to_reveal(self.reloading, clicked),
            "teacher": seconds_to_reveal(teacher, clicked),
        }
        if number == 2:
            self.losing.context.set_offline(False)
            self.losing.problems[:] = [p for p in self.losing.problems if OFFLINE not in p]
        else:
            seen["other phone"] = seconds_to_reveal(self.losing, clicked)
        for page in (self.reloading, self.losing):
            expect(page.locator(".mw-score").first).to_contain_text("%")
            page.problems[:] = [p for p in page.problems if OFFLINE not in p]
        expect(teacher.locator("#room .mw-words").first).to_contain_text("Revealed")
        _waited(crowd.students, "scored", number, clicked)  # also those who were away
        steady = [student for student in crowd.students if number != 2 or student.habit != "loses"]
        return {
            "title": title,
            "prepared": prepared,
            "browsers": seen,
            "words": _waited(steady, "words", number, begun),
            "reveal": _waited(steady, "revealed", number, clicked),
            "scores": _waited(steady, "scored", number, clicked),
        }


def _waited(students: list[ScriptedStudent], what: str, number: int, since: float) -> list[float]:
    """Median and largest seconds, once all have it."""
    until = monotonic() + END_SECONDS
    while any(number not in getattr(student, what) for student in students) and monotonic() < until:
        sleep(0.05)
    seconds = [getattr(student, what).get(number, inf) - since for student in students]
    return [median(seconds), max(seconds)]


def seconds_to_reveal(page: Page, since: float) -> float:
    page.locator(".mw-class-strip .mw-token").first.wait_for()
    return monotonic() - since


def join(phone: Page, url: str, code: str, name: str) -> None:
    phone.goto(f"{url}?room={code}")
    phone.get_by_label("Nickname").fill(name)
    phone.get_by_role("button", name="Join").click()
    expect(phone.locator(".mw-room-words")).to_contain_text("The round begins")


def mark(phone: Page, first: int) -> None:
    """Mark as many words as are asked for, and send them."""
    words = phone.locator(".mw-room-marking .mw-token")
    words.first.wait_for()
    expect(phone.locator(".mw-room-send")).not_to_contain_text("Sent.")  # of the round before
    full = phone.locator(".mw-room-marking .mw-counter[data-full]")
    while not full.count():
        words.nth(first).tap()
        first += 2
    phone.get_by_role("button", name="Send my marks").tap()
    expect(phone.locator(".mw-room-send")).to_contain_text("Sent.")


def open_room(teacher: Page, url: str) -> str:
    """Open a room on the projector; returns its code."""
    teacher.goto(f"{url}?projector=1")
    teacher.get_by_role("tab", name="Classroom", exact=True).click()
    teacher.get_by_role("tab", name="A room for the class").click()
    teacher.locator("#room-open").click()
    expect(teacher.locator(".mw-room-code")).to_have_text(re.compile("[A-Z]{6}"))
    return teacher.locator(".mw-room-code").inner_text()


@contextmanager
def class_in(browser: Browser, url: str) -> Iterator[ClassInBrowsers]:
    """A room that is open, its phones not yet in it."""
    pages = guarded_page(browser, **SCREEN), guarded_page(browser, **PHONE), guarded_page(browser, **PHONE)
    with pages[0] as teacher, pages[1] as reloading, pages[2] as losing:
        open_room(teacher, url)
        yield ClassInBrowsers(url, teacher, reloading, losing)
