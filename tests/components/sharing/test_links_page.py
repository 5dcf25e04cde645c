"""Links from the What-if and Classroom tabs in a real browser: nothing is computed before Run is pressed."""

from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from components.sharing.links import link_fields
from components.sharing.round_choice import OWN, round_titles
from tests.browser import choose, expect, guarded_page, leave_for
from tests.components.sharing.first_page import OPEN, first_page
from tests.served import stand_ins, tiny_model

PROMPT = 'Write <img src=x onerror=alert(1)> about ${alert(2)} and "مرحبا" now'
INPUTS = {"prompt": PROMPT, "method": "feature_ablation", "k": 2, "max_new_tokens": 8, "granularity": "word"}
RESTORED = "Restored from a link. Press Run."


@pytest.fixture(scope="module")
def loads():
    """A name for each time that a model was asked for."""
    return []


@pytest.fixture(scope="module")
def url(launched_url, loads):
    def load(name, task, *how):
        loads.append(name)
        return tiny_model(name, task)

    with (
        mock.patch("explainers.streams.report.text_metrics", lambda *answers: []),
        stand_ins(load),
    ):
        yield launched_url


def copied(page, bar):
    """What this press copied: "Link copied" may stand there from the one before."""
    page.evaluate("navigator.clipboard.writeText('')")
    page.locator(bar).get_by_role("button", name="Copy link").click()
    while not (link := page.evaluate("navigator.clipboard.readText()")):
        page.wait_for_timeout(50)
    expect(page.locator(f"{bar} [role=status]")).to_contain_text("Link copied")
    return link


def opens(page, tab):
    expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")


def removed(page):
    return page.locator("#what-strip .mw-strip [data-removed]").all_inner_texts()


def test_a_what_if_link_removes_the_same_words_once_run_is_pressed(browser, url, loads):
    with first_page(browser, url) as page:
        page.get_by_role("tab", name="What if").click()
        status = page.locator("#what-status")
        expect(status).to_contain_text("3 of 14 words removed. XPrompt chose this set")
        for index in (0, 1):
            before = len(loads)
            page.locator(f"#what-strip [data-index='{index}']").click()
            while len(loads) == before:  # so that none begins after they are counted below
                page.wait_for_timeout(50)
        # Not the numbers: the stored example's model is not the one that is served here.
        expect(page.locator("#what-strip .mw-strip [data-removed]")).to_have_count(5)
        words, link = removed(page), copied(page, "#what-link")
        assert parse_qs(urlsplit(link).query)["tab"] == ["what-if"]
        page.locator("#what-restore").click()
        expect(page.locator("#what-link [role=status]")).to_be_empty()
        asked = len(loads)
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(link)
        opens(fresh, "What if")
        expect(fresh.locator("#what-run-status")).to_contain_text(RESTORED)
        expect(fresh.locator("#what-strip")).to_be_hidden()
        fresh.wait_for_timeout(1000)  # whatever was computed would have begun by now
        assert len(loads) == asked and not fresh.locator(".toast-body").count()
        fresh.locator("#what-run").click()
        expect(fresh.locator("#what-status")).to_contain_text(f"{len(words)} of 14 words removed.")
        expect(fresh.locator("#what-here")).to_be_hidden()
        expect(fresh.locator("#what-result")).to_contain_text("nats")
        assert removed(fresh) == words
        fresh.locator("#what-method").click()
        expect(fresh.locator("#what-status")).to_contain_text("3 of 14 words removed. XPrompt chose this set")


def test_words_that_the_prompt_lacks_are_left_out_in_words(browser, url):
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{link_fields('what-if', INPUTS | {'removed': [1, 4, 900, 901]})}&k=99")
        expect(fresh.locator("#what-run-status")).to_contain_text("Left out: k must be a whole")
        fresh.locator("#what-run").click()
        expect(fresh.locator("#what-strip .mw-note")).to_contain_text("Left out: 2 of the link's words")
        expect(fresh.locator("#what-status")).to_contain_text("2 of")
        expect(fresh.locator("#what-status")).not_to_contain_text("Waiting")
        expect(fresh.locator("#what-strip .mw-strip")).to_have_text(PROMPT)
        assert removed(fresh) == ["<", "="]


def test_another_prompt_than_the_links_keeps_its_own_words(browser, url):
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{link_fields('what-if', INPUTS | {'removed': [0]})}")
        expect(fresh.locator("#what-run-status")).to_contain_text(RESTORED)
        fresh.get_by_role("tab", name="Generation").click()
        expect(fresh.locator("#status")).to_contain_text(RESTORED)
        fresh.locator("#prompt textarea").fill("Write about a doctor and a nurse")
        fresh.locator("#run").click()
        expect(fresh.locator("#status")).to_contain_text("Feature ablation on tiny-llama")
        fresh.get_by_role("tab", name="What if").click()
        expect(fresh.locator("#what-strip .mw-note")).to_contain_text("chose words of another prompt")
        expect(fresh.locator("#what-status")).to_contain_text("2 of 7 words removed.")


def test_an_error_of_run_is_said_where_it_was_pressed(browser, url):
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{link_fields('what-if', INPUTS | {'prompt': ' ', 'removed': [0]})}")
        expect(fresh.locator("#what-run-status")).to_contain_text(RESTORED)
        fresh.locator("#what-run").click()
        expect(fresh.locator("#what-run-status [role=alert]")).to_contain_text("prompt")
        expect(fresh.locator("#what-run")).to_be_visible()
        expect(fresh.locator("#what-strip")).to_be_hidden()


def test_after_a_link_to_generation_no_view_shows_the_stored_example(browser, url, loads):
    asked = len(loads)
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{link_fields('generation', INPUTS)}")
        expect(fresh.locator("#status")).to_contain_text(RESTORED)
        fresh.get_by_role("tab", name="What if").click()
        expect(fresh.locator("#what-run-status")).to_contain_text("Press Run. It explains the prompt")
        expect(fresh.locator("#what-result")).to_be_hidden()
        fresh.get_by_role("tab", name="Classroom").click()
        fresh.get_by_role("tab", name="Replay a search").click()
        expect(fresh.locator("#replay-run-status")).to_contain_text("Press Run. It explains the prompt")
        expect(fresh.locator("#replay .mw-empty")).to_contain_text("once it has run")
        fresh.locator("#replay-link").get_by_role("button", name="Copy link").click()
        expect(fresh.locator("#replay-link [role=status]")).to_contain_text("no result to keep yet")
        assert len(loads) == asked


def test_a_replay_link_is_empty_until_run_and_then_replays(browser, url):
    with guarded_page(browser, **OPEN) as fresh:
        searched = INPUTS | {"method": "xprompt", "options": {"iterations": 20}}
        fresh.goto(f"{url}?{link_fields('replay', searched)}")
        opens(fresh, "Classroom")
        opens(fresh, "Replay a search")
        expect(fresh.locator("#replay-run-status")).to_contain_text(RESTORED)
        expect(fresh.locator("#replay input[type=range]")).to_be_hidden()
        fresh.locator("#replay-run").click()
        expect(fresh.locator("#replay .mw-replay-count")).to_have_text("step 1 of 20")
        expect(fresh.locator("#replay .mw-strip")).to_have_text(PROMPT)
        expect(fresh.locator("#replay-here")).to_be_hidden()
        fresh.get_by_role("tab", name="What if").click()
        expect(fresh.locator("#what-status")).to_contain_text("XPrompt chose this set")


def test_links_of_the_classroom_open_at_its_round_or_bring_a_prompt_of_ones_own(browser, url, loads):
    title = round_titles()[2]
    with first_page(browser, url) as page:
        page.locator("#prompt textarea").fill(PROMPT)
        page.get_by_role("tab", name="Classroom").click()
        choose(page, "#guess-round", title)
        to_round = copied(page, "#guess-link")
        assert parse_qs(urlsplit(to_round).query) == {"tab": ["classroom"], "round": [title]}
        choose(page, "#guess-round", OWN)
        to_own = copied(page, "#guess-link")
        page.get_by_role("tab", name="Replay a search").click()
        query = parse_qs(urlsplit(copied(page, "#replay-link")).query)
        assert query["tab"] == ["replay"] and query["method"] == ["xprompt"]
    asked = len(loads)
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(to_round)
        opens(fresh, "Classroom")
        expect(fresh.locator("#guess-status")).to_contain_text("Restored from a link. Press Start.")
        expect(fresh.locator("#guess-round input")).to_have_value(title)
        assert len(loads) == asked
        fresh.get_by_role("tab", name="Generation").click()  # a ready round takes nothing away there
        expect(fresh.locator("#status")).to_contain_text("A stored example")
        leave_for(fresh, to_own)
        expect(fresh.locator("#guess-status")).to_contain_text("Restored from a link. Press Start.")
        expect(fresh.locator("#guess-round input")).to_have_value(OWN)
        fresh.locator("#guess-start").click()
        expect(fresh.locator("#guess-board .mw-strip")).to_contain_text(PROMPT)
