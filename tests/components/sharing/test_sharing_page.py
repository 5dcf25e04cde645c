"""Links, files and code in a real browser. Every page fails on script errors and outside requests."""

import json
import re
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from components.sharing.links import link_fields, pack
from tests.browser import choose, expect, guarded_page, unfold
from tests.components.sharing.first_page import OPEN, first_page
from tests.served import served_app

NASTY = 'Write <img src=x onerror=alert(1)> ${alert(2)} 👩🏽‍⚕️ & مرحبا "now"\nplease'


@pytest.fixture(scope="module")
def url():
    with mock.patch("explainers.streams.report.text_metrics", lambda *answers: []), served_app() as address:
        yield address


@pytest.fixture
def page(browser, url):
    with first_page(browser, url) as opened:
        yield opened


def explain(page, prompt=NASTY, seed="7"):
    unfold(page, "More settings")
    seed_field = page.get_by_label("Seed").first
    expect(seed_field).to_be_visible()
    page.locator("#prompt textarea").fill(prompt)
    page.locator("#k input[type=number]").fill("1")
    choose(page, "#method", "XPrompt")
    seed_field.fill(seed)  # last: Gradio sets fields that it has just drawn once more
    seed_field.blur()
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("XPrompt on tiny-llama")
    expect(seed_field).to_have_value(seed)


def test_a_copied_link_restores_the_inputs_in_a_fresh_browser_and_computes_nothing(browser, url):
    with first_page(browser, url) as page:
        page.locator("#prompt textarea").fill(NASTY)
        page.locator("#k input[type=number]").fill("2")
        page.locator("#share").get_by_role("button", name="Copy link").click()
        expect(page.locator("#share [role=status]")).to_contain_text("Link copied")
        link = page.evaluate("navigator.clipboard.readText()")
        assert link == page.url and parse_qs(urlsplit(link).query)["prompt"] == [NASTY]
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(link)
        expect(fresh.locator("#status")).to_contain_text("Restored from a link. Press Run.")
        expect(fresh.locator("#prompt textarea")).to_have_value(NASTY)
        expect(fresh.locator("#k input[type=number]")).to_have_value("2")
        expect(fresh.locator("#strip [data-index]")).to_have_count(0)
        expect(fresh.locator("#plot .cap")).to_be_hidden()
        fresh.locator("#share").get_by_role("button", name="JSON: ").click()
        expect(fresh.locator("#share [role=status]")).to_contain_text("no result to keep yet")
        fresh.locator("#run").click()
        expect(fresh.locator("#status")).to_contain_text("Best within a budget on tiny-llama")
        fresh.locator("#share").get_by_role("button", name="Show code").click()
        expect(fresh.locator("#share pre")).to_contain_text(repr(NASTY)[:40])


def test_a_long_link_to_the_other_tab(browser, url):
    text = "The club sold its striker. " * 90
    words = {"template": "It was <mask> . {text}", "label_words": "Bad: bad\nGood: great", "label": "Good"}
    settings = {"task": "sst2", "words_per_class": 10, "verbalizer": "manual", "model": "maskwise-minilm"}
    method = {"method": "integrated_gradients", "options": {"steps": 30}, "seed": 3, "k": 4}
    inputs = {"text": text, "granularity": "word"} | words | settings | method
    query = link_fields("classification", inputs)
    assert query.startswith("z=")
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{query}")
        expect(fresh.locator("#class-status")).to_contain_text("Restored from a link. Press Run.")
        expect(fresh.locator("#class-text textarea")).to_have_value(text)
        expect(fresh.locator("#label-words textarea")).to_have_value("Bad: bad\nGood: great")
        expect(fresh.locator("#label input")).to_have_value("Good")
        expect(fresh.locator("#template textarea")).to_have_value("It was <mask> . {text}")
        fresh.wait_for_timeout(3000)  # a live reading would have come by now
        expect(fresh.locator("#class-status")).to_contain_text("Restored from a link. Press Run.")
        expect(fresh.locator("#class-strip [data-index]")).to_have_count(0)
        fresh.locator("#class-run").click()
        expect(fresh.locator("#class-status")).to_contain_text("Integrated gradients on tiny")
        expect(fresh.locator("#class-result")).to_contain_text("Good")


@pytest.mark.parametrize(
    "query, words",
    [
        ("k=99&prompt=Hello+there+you", "Press Run. Left out: k must be a whole number between 1 and 20."),
        ("z=AAAA", "The link is damaged"),
        (
            f"z={pack({'tab': 'generation', 'method': 'nope', 'prompt': 'Hi'})}",
            "Left out: method must be one of",
        ),
    ],
)
def test_bad_values_of_a_link_are_left_out_in_words(browser, url, query, words):
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{query}")
        expect(fresh.locator("#status")).to_contain_text(words)
        expect(fresh.locator("#k input[type=number]")).to_have_value("3")


def saved(page, bar, kind):
    with page.expect_download() as download:
        page.locator(bar).get_by_role("button", name=f"{kind}: ").click()
    return download.value.path().read_text(encoding="utf-8"), download.value.suggested_filename


def test_a_result_is_saved_and_loaded_back(browser, url, tmp_path):
    with first_page(browser, url) as page:
        explain(page)
        text, name = saved(page, "#share", "JSON")
        assert name == "maskwise-generation-xprompt.json" and json.loads(text)["inputs"]["seed"] == 7
        table, name = saved(page, "#share", "CSV")
        assert name.endswith(".csv") and table.startswith('\ufeff"index","text"')
        report, _ = saved(page, "#share", "HTML")
        (tmp_path / "report.html").write_text(report, encoding="utf-8")
        (tmp_path / "result.json").write_text(text, encoding="utf-8")
        sentence = page.locator("#result .mw-sentence").inner_text()
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(url)
        expect(fresh.locator("#status")).to_contain_text("A stored example")
        fresh.locator("#share input[type=file]").set_input_files(tmp_path / "result.json")
        expect(fresh.locator("#status")).to_contain_text("Loaded from a file. XPrompt on tiny-llama")
        expect(fresh.locator("#result .mw-sentence")).to_have_text(sentence)
        expect(fresh.locator("#prompt textarea")).to_have_value(NASTY)
        expect(fresh.locator("#plot .cap")).to_contain_text("iteration 100 of 100")
        unfold(fresh, "More settings")
        expect(fresh.get_by_label("Seed").first).to_have_value("7")
        again, _ = saved(fresh, "#share", "JSON")
        assert json.loads(again) == json.loads(text)
        fresh.locator("#share input[type=file]").set_input_files(
            {"name": "x.json", "mimeType": "application/json", "buffer": b'{"maskwise": 1}'}
        )
        expect(fresh.locator("#share [role=status]")).to_contain_text("no result of Maskwise")
        expect(fresh.locator("#result .mw-sentence")).to_have_text(sentence)


def test_the_saved_page_opens_offline_without_scripts(page, browser, tmp_path):
    report, _ = saved(page, "#share", "HTML")
    (tmp_path / "report.html").write_text(report, encoding="utf-8")
    context = browser.new_context(
        offline=True, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    asked = []
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto((tmp_path / "report.html").as_uri())
    expect(opened.get_by_text("Without", exact=True)).to_be_visible()
    expect(opened.locator(".removed")).to_have_count(3)
    assert len(asked) == 1
    context.close()


def test_classification_is_saved_and_loaded_back(browser, url, tmp_path):
    with first_page(browser, url) as page:
        page.get_by_role("tab", name="Classification").click()
        page.locator("#class-text textarea").fill("Shares of the football club rose.")
        expect(page.locator("#class-strip")).to_contain_text("Live:")
        page.locator("#class-share").get_by_role("button", name="JSON: ").click()
        expect(page.locator("#class-share [role=status]")).to_contain_text("no result to keep yet")
        page.locator("#class-run").click()
        expect(page.locator("#class-status")).to_contain_text("PromptExplainer on tiny-bert")
        text, _ = saved(page, "#class-share", "JSON")
        (tmp_path / "result.json").write_text(text, encoding="utf-8")
        sentence = page.locator("#class-result .mw-sentence").inner_text()
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(url)
        fresh.get_by_role("tab", name="Classification").click()
        fresh.locator("#class-share input[type=file]").set_input_files(tmp_path / "result.json")
        expect(fresh.locator("#class-result .mw-sentence")).to_have_text(sentence)
        expect(fresh.locator("#class-text textarea")).to_have_value("Shares of the football club rose.")
        fresh.wait_for_timeout(1500)  # a live reading would have come by now
        expect(fresh.locator("#class-status")).to_contain_text("Loaded from a file. PromptExplainer")


def test_a_comparison_is_saved_and_loaded_back_and_linked(browser, url, tmp_path):
    with first_page(browser, url) as page:
        page.get_by_role("tab", name="Compare").click()
        text, name = saved(page, "#compare-share", "JSON")
        assert name == "maskwise-compare-methods.json"
        (tmp_path / "result.json").write_text(text, encoding="utf-8")
        report, _ = saved(page, "#compare-share", "HTML")
        assert "random, " in report and "<script" not in report
        inputs = {
            "prompt": NASTY,
            "methods": ["random_removal", "feature_ablation"],
            "k": 2,
            "draws": 5,
            "seed": 4,
        }
    with guarded_page(browser, **OPEN) as fresh:
        fresh.goto(f"{url}?{link_fields('compare', inputs)}")
        expect(fresh.locator("#compare-status")).to_contain_text("Restored from a link. Press Compare.")
        expect(fresh.locator("#compare-prompt textarea")).to_have_value(NASTY)
        expect(fresh.locator("#compare-methods input:checked")).to_have_count(2)
        fresh.locator("#compare-share input[type=file]").set_input_files(tmp_path / "result.json")
        expect(fresh.locator("#compare-status")).to_contain_text("Loaded from a file. ")
        expect(fresh.locator("#compare-prompt textarea")).not_to_have_value(NASTY)
        expect(fresh.locator("#compare-methods input:checked")).to_have_count(4)
        expect(fresh.locator("#compare-table tbody tr").first).to_be_visible()


def test_without_a_clipboard_the_link_is_shown_selected(browser, url):
    with guarded_page(browser, **OPEN) as fresh:
        fresh.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        fresh.goto(url)
        expect(fresh.locator("#status")).to_contain_text("A stored example")
        button = fresh.locator("#share").get_by_role("button", name="Copy link")
        button.focus()
        fresh.keyboard.press("Enter")
        expect(fresh.locator("#share .mw-share-link")).to_be_focused()
        expect(fresh.locator("#share .mw-share-link")).to_have_value(re.compile("tab=generation&"))
        assert fresh.evaluate("getSelection().toString()").startswith(url)
