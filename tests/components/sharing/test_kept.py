"""What was typed and chosen is there again after a reload, and while the server is away its page says so."""

import pytest

import app
from components.runner import RUNNER
from components.sharing import kept, restore
from tests.browser import choose, expect, guarded_page, unfold
from tests.deploy.test_sub_path import free_port
from tests.served import served_app

SECONDS = {"timeout": 90_000}


@pytest.fixture(scope="module")
def tabs():
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "restore_links", lambda demo, tabs, shared, linked: found.update(shared=shared))
        app.build()
    return {tab.name: tab for tab in found["shared"]}


def sent_of(tab, **changed):
    """As the page sends it, with other values of some inputs."""
    values = [changed.get(name, control.value) for name, control in tab.inputs.items()]
    options = [control.value for own in tab.options.values() for control in own.values()]
    return {"tab": tab.name, "settings": {tab.name: [kept._mark(tab), *values, *options]}}


def test_settings_come_back_as_they_were(tabs):
    for tab in tabs.values():
        first = kept.kept_inputs(tab, sent_of(tab))
        assert first.items() >= {name: first[name] for name in ("k", "model", "granularity", "seed")}.items()
        assert all(first[name] == control.value for name, control in tab.inputs.items() if name in first)
    other = kept.kept_inputs(
        tabs["generation"], sent_of(tabs["generation"], method="xprompt", k=5, granularity="token")
    )
    assert (other["method"], other["k"], other["granularity"]) == ("xprompt", 5, "token")
    assert other["options"]["iterations"]


@pytest.mark.parametrize(
    "sent",
    [
        None, [], "x", {"settings": []}, {"settings": {"generation": None}}, {"settings": {"generation": []}},
        {"settings": {"generation": ["other release", "a prompt"]}}, {"tab": {}, "settings": 5},
    ],
)  # fmt: skip
def test_what_is_of_no_use_is_passed_over(tabs, sent):
    assert kept.kept_inputs(tabs["generation"], sent) == {} and isinstance(kept.kept_tab(sent), str)


def test_values_that_cannot_be_are_passed_over(tabs):
    tab = tabs["generation"]
    for wrong in ([], {}, "no such method", 5, None, "\ud800"):
        read = kept.kept_inputs(tab, sent_of(tab, method=wrong, k=wrong, prompt="Kept"))
        assert "k" not in read or read["k"] == 5
        assert "method" not in read


def test_a_restart_of_the_server_loses_nothing(browser):
    port = free_port()  # none of those that other tests' servers look for while this one is away
    with guarded_page(browser) as page:
        with served_app(port=port) as url:
            page.goto(url)
            page.locator("#prompt textarea").fill("Why is the sea wide?")
            choose(page, "#method", "Feature ablation")
            page.locator("#run").click()
            expect(page.locator("#status")).to_contain_text("Feature ablation on", **SECONDS)
            assert "run=" in page.url
            page.locator("#k input[type=number]").fill("2")
            unfold(page, "More settings")
            page.get_by_label("tokens", exact=True).check()
            page.get_by_role("tab", name="Classroom").click()
            page.get_by_role("tab", name="Replay a search").click()
            page.get_by_role("tab", name="Compare").click()
            page.locator("#compare-k input[type=number]").fill("4")
            _method(page).uncheck()
        page.locator("#compare-run").click()
        said = page.get_by_text("The server cannot be reached").filter(visible=True)
        expect(said).to_have_count(1, **SECONDS)
        RUNNER.runs.__init__()  # as in a new process
        page.evaluate("window.old = true")
        with served_app(port=port):
            page.wait_for_function("!window.old")
            expect(said).to_have_count(0, **SECONDS)
            expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
            expect(page.locator("#compare-k input[type=number]")).to_have_value("4", **SECONDS)
            expect(_method(page)).not_to_be_checked()
            page.get_by_role("tab", name="Generation").click()
            expect(page.locator("#status")).to_contain_text(restore.GONE)
            expect(page.locator("#prompt textarea")).to_have_value("Why is the sea wide?")
            expect(page.locator("#method input")).to_have_value("Feature ablation")
            expect(page.locator("#k input[type=number]")).to_have_value("2")
            unfold(page, "More settings")
            expect(page.get_by_label("tokens", exact=True)).to_be_checked()
            page.get_by_role("tab", name="Classroom").click()
            expect(page.get_by_role("tab", name="Replay a search")).to_have_attribute("aria-selected", "true")
            page.problems.clear()  # of the server that was away


def _method(page):
    return page.locator("#compare-methods").get_by_label("Feature ablation", exact=True)
