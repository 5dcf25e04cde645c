"""Links, files and code in a real browser. Every page fails on script errors and outside requests."""

import json
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from components.sharing.links import link_fields, pack
from tests.browser import choose, expect, guarded_page, leave_for, unfold
from tests.components.sharing.first_page import OPEN, first_page
from tests.served import stand_ins

NASTY = 'Write <img src=x onerror=alert(1)> ${alert(2)} 👩🏽‍⚕️ & مرحبا "now"\nplease'


@pytest.fixture(scope="module")
def url(launched_url):
    with mock.patch("explainers.streams.report.text_metrics", lambda *answers: []), stand_ins():
        yield launched_url


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
        without_a_clipboard_it_is_shown_selected(page, link)
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


def without_a_clipboard_it_is_shown_selected(page, link):
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.locator("#share").get_by_role("button", name="Copy link").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#share .mw-share-link")).to_be_focused()
    expect(page.locator("#share .mw-share-link")).to_have_value(link)
    assert page.evaluate("getSelection().toString()") == link


def test_a_long_link_to_the_other_tab(browser, url):
    text = "The club sold its striker. " * 90
    words = {"template": "It was <mask> . {text}", "label_words": "Bad: bad\nGood: great", "label": "Good"}
    settings = {"task": "sst2", "words_per_class": 10, "verbalizer": "manual", "model": "maskwise-minilm"}
    method = {"method": "integrated_gradients", "options": {"steps": 3}, "seed": 3, "k": 4}
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
        fresh.wait_for_timeout(1500)  # a live reading would have come by now
        expect(fresh.locator("#class-status")).to_contain_text("Restored from a link. Press Run.")
        expect(fresh.locator("#class-strip [data-index]")).to_have_count(0)
        fresh.locator("#class-run").click()
        expect(fresh.locator("#class-status")).to_contain_text("Integrated gradients on tiny")
        expect(fresh.locator("#class-result")).to_contain_text("Good")


def test_bad_values_of_a_link_are_left_out_in_words(browser, url):
    packed = pack({"tab": "generation", "method": "nope", "prompt": "Hi"})
    bad = {
        "k=99&prompt=Hello+there+you": "Press Run. Left out: k must be a whole number between 1 and 20.",
        "z=AAAA": "The link is damaged",
        f"z={packed}": "Left out: method must be one of",
    }
    with guarded_page(browser, **OPEN) as fresh:
        for query, words in bad.items():
            leave_for(fresh, f"{url}?{query}")
            expect(fresh.locator("#status")).to_contain_text(words)
            expect(fresh.locator("#k input[type=number]")).to_have_value("3")


def saved(page, bar, kind):
    with page.expect_download() as download:
        page.locator(bar).get_by_role("button", name=f"{kind}: ").click()
    return download.value.path().read_text(encoding="utf-8"), download.value.suggested_filename


def kept(file, text):
    file.write_text(text, encoding="utf-8")
    return file


def test_results_of_three_tabs_are_saved_and_loaded_back(browser, url, tmp_path):
    with first_page(browser, url) as page:
        compared = save_comparison(page, tmp_path)
        explained = save_explanation(page, tmp_path)
        classified = save_classification(page, tmp_path)
    with guarded_page(browser, **OPEN) as fresh:
        chosen = {"methods": ["random_removal", "feature_ablation"], "k": 2, "draws": 5, "seed": 4}
        fresh.goto(f"{url}?{link_fields('compare', {'prompt': NASTY} | chosen)}")
        load_comparison(fresh, compared)
        fresh.get_by_role("tab", name="Generation").click()
        load_explanation(fresh, *explained)
        fresh.get_by_role("tab", name="Classification").click()
        load_classification(fresh, *classified)


def save_comparison(page, folder):
    page.get_by_role("tab", name="Compare").click()
    text, name = saved(page, "#compare-share", "JSON")
    assert name == "maskwise-compare-methods.json"
    report, _ = saved(page, "#compare-share", "HTML")
    assert "random, " in report and "<script" not in report
    return kept(folder / name, text)


def load_comparison(fresh, file):
    """Over what a link has restored."""
    expect(fresh.locator("#compare-status")).to_contain_text("Restored from a link. Press Compare.")
    expect(fresh.locator("#compare-prompt textarea")).to_have_value(NASTY)
    expect(fresh.locator("#compare-methods input:checked")).to_have_count(2)
    fresh.locator("#compare-share input[type=file]").set_input_files(file)
    expect(fresh.locator("#compare-status")).to_contain_text("Loaded from a file. ")
    expect(fresh.locator("#compare-prompt textarea")).not_to_have_value(NASTY)
    expect(fresh.locator("#compare-methods input:checked")).to_have_count(4)
    expect(fresh.locator("#compare-table tbody tr").first).to_be_visible()


def save_explanation(page, folder):
    """The file, and the sentence that the page says of it."""
    page.get_by_role("tab", name="Generation").click()
    explain(page)
    text, name = saved(page, "#share", "JSON")
    assert name == "maskwise-generation-xprompt.json" and json.loads(text)["inputs"]["seed"] == 7
    table, name_of_table = saved(page, "#share", "CSV")
    assert name_of_table.endswith(".csv") and table.startswith('\ufeff"index","text"')
    report, _ = saved(page, "#share", "HTML")
    opens_offline_without_scripts(page.context.browser, kept(folder / "report.html", report))
    return kept(folder / name, text), page.locator("#result .mw-sentence").inner_text()


def opens_offline_without_scripts(browser, report):
    look = {"viewport": {"width": 390, "height": 844}}
    context = browser.new_context(offline=True, java_script_enabled=False, **look)
    asked = []
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(report.as_uri())
    expect(opened.get_by_text("Without", exact=True)).to_be_visible()
    expect(opened.locator(".removed")).to_have_count(1)
    assert len(asked) == 1
    context.close()


def load_explanation(fresh, file, sentence):
    fresh.locator("#share input[type=file]").set_input_files(file)
    expect(fresh.locator("#status")).to_contain_text("Loaded from a file. XPrompt on tiny-llama")
    expect(fresh.locator("#result .mw-sentence")).to_have_text(sentence)
    expect(fresh.locator("#prompt textarea")).to_have_value(NASTY)
    expect(fresh.locator("#plot .cap")).to_contain_text("iteration 100 of 100")
    unfold(fresh, "More settings")
    expect(fresh.get_by_label("Seed").first).to_have_value("7")
    again, _ = saved(fresh, "#share", "JSON")
    assert json.loads(again) == json.loads(file.read_text(encoding="utf-8"))
    fresh.locator("#share input[type=file]").set_input_files(
        {"name": "x.json", "mimeType": "application/json", "buffer": b'{"maskwise": 1}'}
    )
    expect(fresh.locator("#share [role=status]")).to_contain_text("no result of Maskwise")
    expect(fresh.locator("#result .mw-sentence")).to_have_text(sentence)


def save_classification(page, folder):
    """The file, and the sentence that the page says of it."""
    page.get_by_role("tab", name="Classification").click()
    page.locator("#class-text textarea").fill("Shares of the football club rose.")
    expect(page.locator("#class-strip")).to_contain_text("Live:")
    page.locator("#class-share").get_by_role("button", name="JSON: ").click()
    expect(page.locator("#class-share [role=status]")).to_contain_text("no result to keep yet")
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("PromptExplainer on tiny-bert")
    text, name = saved(page, "#class-share", "JSON")
    return kept(folder / name, text), page.locator("#class-result .mw-sentence").inner_text()


def load_classification(fresh, file, sentence):
    fresh.locator("#class-share input[type=file]").set_input_files(file)
    expect(fresh.locator("#class-result .mw-sentence")).to_have_text(sentence)
    expect(fresh.locator("#class-text textarea")).to_have_value("Shares of the football club rose.")
    fresh.wait_for_timeout(1500)  # a live reading would have come by now
    expect(fresh.locator("#class-status")).to_contain_text("Loaded from a file. PromptExplainer")
