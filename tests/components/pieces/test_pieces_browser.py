"""Each view in a real browser: text shown as text, keyboard, updates, no error, no outside request."""

import json
import re

import gradio as gr
import pytest

from components.page.theme import look
from components.pieces.views import (
    convergence_plot,
    metric_table,
    output_diff,
    result_view,
    status_line,
    token_strip,
)
from explainers.reports.answer_diff import diff_words
from explainers.reports.figures.convergence import Search, convergence_chart
from explainers.reports.metric_rows import metric_rows
from tests.browser import check, expect, guarded_page, serve

ATTACK = "<img src=x onerror=alert(1)> ${alert(1)} {{this}}"


def build():
    """One page with every view; JSON typed into #feed becomes their values."""
    with gr.Blocks(analytics_enabled=False) as demo:
        feed = gr.Textbox(elem_id="feed", label="feed")
        picked = gr.Textbox(elem_id="picked", label="picked")
        views = {
            "strip": token_strip("strip"),
            "plot": convergence_plot("plot"),
            "diff": output_diff("diff"),
            "measures": metric_table("measures"),
            "status": status_line("status"),
            "result": result_view("result"),
        }

        def show(text):
            values = json.loads(text)
            return [values.get(name, gr.skip()) for name in views]

        def pick(event: gr.SelectData):
            return f"{event.index} {event.value}"

        feed.submit(show, feed, list(views.values()), show_progress="hidden")
        views["strip"].select(pick, None, picked, show_progress="hidden")
    return demo


@pytest.fixture(scope="module")
def shared_page(browser):
    settings = look()
    with serve(build(), **settings) as url, guarded_page(browser) as page:
        page.goto(url)
        expect(page.locator("#diff .mw-answer").first).to_contain_text("The answer appears here")
        yield page


@pytest.fixture
def page(shared_page):
    yield shared_page
    check(shared_page)


def feed(page, **values):
    page.locator("#feed textarea").fill(json.dumps(values))
    page.locator("#feed textarea").press("Enter")


def spans_of(text, scores, removed=()):
    places = [match.span() for match in re.finditer(r"\S+", text)]
    return [
        {"text": text[a:b], "start": a, "end": b, "score": score, "removed": i in removed}
        for i, ((a, b), score) in enumerate(zip(places, scores, strict=True))
    ]


def test_strip_keeps_the_text_and_names_each_span(page):
    text = "😀 see\n\nthe  doctor"
    spans = spans_of(text, [0.0, -0.5, 0.35, None], removed={2})
    feed(page, strip={"text": text, "spans": spans, "unit": "nats", "legend": "What it means."})
    tokens = page.locator("#strip .mw-token[data-index]")
    expect(tokens.nth(2)).to_have_attribute("aria-label", 'word 3 of 4: "the", score 0.35 nats, removed')
    expect(tokens.nth(3)).to_have_attribute("aria-label", 'word 4 of 4: "doctor", no score')
    assert page.locator("#strip .mw-strip").evaluate("node => node.textContent") == text
    assert tokens.all_inner_texts() == ["😀", "see", "the", "doctor"]
    outline = [token.evaluate("node => getComputedStyle(node).outlineStyle") for token in tokens.all()[2:]]
    assert outline == ["dashed", "none"]
    assert page.locator("#strip .mw-scale").inner_text().split() == ["−0.5", "0", "0.5"]
    expect(page.locator("#strip")).to_contain_text("What it means.")


def test_strip_moves_by_keyboard_and_selects(page):
    text = "one two three"
    value = {"text": text, "spans": spans_of(text, [1, 2, 3]), "selectable": True, "selected": [1]}
    feed(page, strip=value)
    tokens = page.locator("#strip [role=button]")
    expect(tokens.nth(1)).to_have_attribute("aria-pressed", "true")
    tokens.nth(0).focus()
    for key, index in [("ArrowRight", 1), ("End", 2), ("ArrowRight", 2), ("ArrowLeft", 1), ("Home", 0)]:
        page.keyboard.press(key)
        expect(tokens.nth(index)).to_be_focused()
    expect(page.locator("#strip .mw-tip")).to_contain_text("score 1")
    page.keyboard.press("Escape")
    expect(page.locator("#strip .mw-tip")).not_to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#picked textarea")).to_have_value("0 one")
    tokens.nth(2).click()
    expect(page.locator("#picked textarea")).to_have_value("2 three")
    assert page.locator("#strip [tabindex='0']").all_inner_texts() == ["three"]


def test_strip_reads_from_right_to_left_and_shows_shared_characters_once(page):
    text = "مرحبا بالعالم"
    feed(page, strip={"text": text, "spans": spans_of(text, [1, 2])})
    tokens = page.locator("#strip .mw-token[data-index]")
    expect(tokens.nth(1)).to_have_text("بالعالم")
    tokens.nth(0).focus()
    page.keyboard.press("ArrowLeft")
    expect(tokens.nth(1)).to_be_focused()
    halves = [{"text": "😀", "start": 0, "end": 1, "score": s, "removed": False} for s in (1, -1)]
    feed(page, strip={"text": "😀!", "spans": halves})
    expect(page.locator("#strip .mw-strip")).to_have_text("😀·!")


def test_strip_of_300_spans_keeps_its_nodes_when_scores_change(page):
    text = " ".join(f"w{i}" for i in range(300))
    feed(page, strip={"text": text, "spans": spans_of(text, [None] * 300)})
    tokens = page.locator("#strip .mw-token[data-index]")
    expect(tokens).to_have_count(300)
    tokens.nth(299).evaluate("node => { node.kept = true; }")
    feed(page, strip={"text": text, "spans": spans_of(text, range(300))})
    expect(tokens.nth(299)).to_have_attribute("data-sign", "positive")
    assert tokens.nth(299).evaluate("node => node.kept")


def search(n, total):
    y = [-40.0 - (i // 5) for i in range(n)]
    accepted = [i > 0 and i % 5 == 0 for i in range(n)]
    return {"charts": [convergence_chart(Search(y, [v + 1 for v in y], accepted, -20.1, total))]}


def test_plot_grows_in_its_node_and_reads_by_keyboard(page):
    feed(page, plot={"empty": "Nothing to search."})
    expect(page.locator("#plot .mw-empty")).to_have_text("Nothing to search.")
    caption, plot = page.locator("#plot .cap"), page.locator("#plot .mw-plot")
    feed(page, plot=search(40, 100))
    expect(caption).to_have_text("iteration 40 of 100: log p −47.00 (unmasked −20.10)")
    drawn = page.locator("#plot .main-svg").first
    drawn.evaluate("node => { node.kept = true; }")
    feed(page, plot=search(1000, 1000))
    expect(caption).to_have_text("iteration 1000 of 1000: log p −239.00 (unmasked −20.10)")
    page.wait_for_function("document.querySelector('#plot .mw-plot').data[0].x.length === 1000")
    assert drawn.evaluate("node => node.kept")
    assert plot.evaluate("node => node.data[2].x.length") == 199
    reader = page.locator("#plot [role=slider]")
    feed(page, plot=search(40, 100))
    expect(caption).to_contain_text("iteration 40 of 100")
    reader.focus()
    for key, step in [("Home", 1), ("ArrowLeft", 1), ("ArrowRight", 2), ("PageUp", 12), ("End", 40)]:
        page.keyboard.press(key)
        expect(reader).to_have_attribute("aria-valuenow", str(step))
    page.keyboard.press("PageDown")
    expect(reader).to_have_text("iteration 30, best −45.00, proposal −44.00, rejected")
    page.locator("#plot summary").click()
    expect(page.locator("#plot tbody tr")).to_have_count(40)
    expect(page.locator("#plot tbody tr").nth(5)).to_have_text("6−41.00−40.00accepted")
    page.locator("#plot summary").click()


def test_words_from_right_to_left_keep_their_places_in_a_sentence(page):
    parts = [["text", "Without "], ["strong", "ما"], ["text", ", "], ["strong", "عاصمة"]]
    feed(page, result={"parts": parts})
    expect(page.locator("#result strong")).to_have_count(2)
    first, second = (word.bounding_box()["x"] for word in page.locator("#result strong").all())
    assert first < second


def test_plot_fits_its_width(page):
    feed(page, plot=search(3, 10))
    expect(page.locator("#plot .cap")).to_contain_text("iteration 3 of 10")
    svg = page.locator("#plot .main-svg").first
    wide = svg.get_attribute("width")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(svg).not_to_have_attribute("width", wide)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(svg).to_have_attribute("width", wide)


def test_a_chart_is_zoomed_keeps_its_zoom_and_is_saved_as_a_picture(page):
    feed(page, plot=search(40, 100))
    expect(page.locator("#plot .cap")).to_contain_text("iteration 40 of 100")
    axis = "document.querySelector('#plot .mw-plot').layout?.xaxis?.range?.[1]"
    page.wait_for_function(f"{axis} === 102")
    page.locator("#plot").scroll_into_view_if_needed()
    box = page.locator("#plot .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] - 20, steps=4)
    page.mouse.up()
    page.wait_for_function(f"{axis} < 60")
    feed(page, plot=search(41, 100))
    expect(page.locator("#plot .cap")).to_contain_text("iteration 41 of 100")
    page.wait_for_function("document.querySelector('#plot .mw-plot').data[0].x.length === 41")
    assert page.evaluate(axis) < 60
    for kind, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as download:
            page.locator(f"#plot [data-title='Save as {kind}']").click()
        assert download.value.path().read_bytes().startswith(start)


def test_diff_panels(page):
    feed(page, diff=diff_words("As a doctor"))
    panels = page.locator("#diff .mw-answer")
    expect(panels.nth(0)).to_have_text("As a doctor")
    expect(panels.nth(1)).to_have_attribute("data-waiting", "true")
    feed(page, diff=diff_words("As a doctor, rest.", "As a friend, rest."))
    expect(panels.nth(0).locator("del")).to_have_text("doctor")
    expect(panels.nth(1).locator("ins")).to_have_text("friend")
    expect(page.locator("#diff .mw-legend")).to_contain_text("1 lost, 1 new")
    feed(page, diff=diff_words("The doctor rests at home.", "Once a fox lived at sea."))
    expect(page.locator("#diff mark")).to_have_text(["at", "at"])
    assert page.locator("#diff del:visible, #diff ins:visible").count() == 0
    expect(page.locator("#diff")).to_contain_text("share almost nothing: 1 word, marked in both.")
    feed(page, diff=diff_words("Same.", "Same."))
    expect(page.locator("#diff .mw-legend")).to_contain_text("The two answers are the same")


def test_measures(page):
    feed(page, measures=metric_rows([{"name": "kl", "value": 1.13, "lower_is_better": False}]))
    row = page.get_by_role("row", name=re.compile("KL divergence"))
    expect(row).to_contain_text("1.130")
    expect(row).to_contain_text("↑ higher")


def test_status(page):
    feed(page, status={"state": "running", "text": "Searching", "fraction": 0.4, "eta": 75})
    expect(page.locator("#status [role=progressbar]")).to_have_attribute("aria-valuenow", "40")
    expect(page.locator("#status")).to_contain_text("about 1 min 15 s left")
    long = "No such model.\n" + "Check the spelling. " * 30
    feed(page, status={"state": "error", "text": long, "fraction": None, "eta": None})
    expect(page.get_by_role("alert")).to_contain_text(long.strip())
    feed(page, status={"state": "done", "text": "Done in 12.3 s.", "fraction": 1, "eta": None})
    expect(page.locator("#status [role=status]")).to_have_text("Done in 12.3 s.")
    expect(page.locator("#status details")).to_be_hidden()
    feed(page, status={"state": "done", "text": "Done.", "details": "60 masks were screened."})
    page.locator("#status summary").click()
    expect(page.get_by_text("60 masks were screened.")).to_be_visible()
    expect(page.locator("#status [role=alert]")).to_have_count(0)


def test_untrusted_text_is_shown_as_text(page):
    span = {"text": ATTACK, "start": 0, "end": len(ATTACK), "score": 1.0, "removed": True}
    rows = metric_rows([{"name": ATTACK, "value": 1.0, "lower_is_better": True}])
    words = {"text": ATTACK, "spans": [span], "legend": ATTACK, "unit": ATTACK, "granularity": ATTACK}
    feed(
        page,
        strip=words | {"size": ATTACK},
        plot={"empty": ATTACK},
        diff={"original": [["lost", ATTACK]], "masked": [["new", ATTACK]], "lost": ATTACK, "added": 1},
        measures={"rows": [dict.fromkeys(rows["rows"][0], ATTACK)]},
        status={"state": "error", "text": ATTACK, "fraction": None, "eta": None},
        result={"parts": [["strong", ATTACK]], "facts": [[ATTACK, ATTACK]]},
    )
    for place in ("#strip .mw-strip", "section del", "section ins", ".mw-number", "#status", "#result dd"):
        expect(page.locator(place)).to_contain_text(ATTACK)
    page.locator("#strip .mw-token[data-index]").hover()
    expect(page.locator("#strip .mw-tip")).to_contain_text(ATTACK)
    expect(page.locator("#plot .mw-empty")).to_have_text(ATTACK)
    assert page.locator("img[src='x']").count() == 0
