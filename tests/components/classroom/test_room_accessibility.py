"""axe-core on a room, as teacher and students see it, in each phase, light and dark: it finds nothing."""

import pytest

from benchmarks.items.rooms import class_in, join, mark
from tests.browser import expect, turn_dark
from tests.components.page.test_accessibility import AXE, RUN


def faults(page, name):
    """What axe finds on a page, with the name of the page."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=AXE)
    page.wait_for_timeout(400)  # colours change within 0.15 s
    return [(name, fault["id"], fault["target"], fault["html"][:160]) for fault in page.evaluate(RUN)]


@pytest.mark.skipif(not AXE.exists(), reason="npm ci installs axe-core")
def test_axe_finds_nothing_in_a_room(browser, url):
    with class_in(browser, url) as room:
        teacher, phone = room.teacher, room.reloading
        found = faults(teacher, "lobby")
        phone.goto(f"{url}room")
        phone.get_by_label("Code").wait_for()
        found += faults(phone, "form")
        join(phone, url, teacher.locator(".mw-room-code").inner_text(), "Ada")
        teacher.locator("#room-begin").click()
        mark(phone, 0)
        expect(teacher.locator("#room .mw-words").first).to_contain_text("The best set is found")
        found += faults(teacher, "marking, teacher") + faults(phone, "marking, student")
        teacher.locator("#room-reveal").click()
        expect(phone.locator(".mw-score").first).to_contain_text("%")
        expect(teacher.locator("#room .mw-words").first).to_contain_text("Revealed")
        found += faults(teacher, "revealed, teacher") + faults(phone, "revealed, student")
        turn_dark(phone)
        found += faults(phone, "revealed, student, dark")
        turn_dark(teacher)
        teacher.get_by_role("button", name="Projector mode").click()
        expect(teacher.locator("#room .mw-spread")).to_be_visible()
        found += faults(teacher, "revealed, teacher, dark")
    assert not found, "\n".join(map(str, found))
