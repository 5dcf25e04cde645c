"""The Classification tab in a real browser. Every page fails on script errors and outside requests."""

import pkgutil
import re
import time
from threading import Event

import pytest

from components.classification import run
from explainers.streams import reading
from explainers.targets.label import LabelTarget
from tests.browser import choose, expect, guarded_page, turn_dark, unfold

TEXT = "Shares of the football club rose."
HOSTILE = "Shares <img src=x onerror=alert(1)> of ${alert(2)} and {{ value }} [MASK] rose"


@pytest.fixture
def page(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as opened:
        open_tab(opened, url)
        yield opened


def open_tab(page, url):
    page.goto(url)
    page.get_by_role("tab", name="Classification").click()
    expect(page.locator("#class-run")).to_be_visible()


def classify(page, text=TEXT):
    page.locator("#class-text textarea").fill(text)
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("PromptExplainer on tiny-bert")


def test_a_text_is_classified_read_and_edited(page):
    opens_with_a_stored_example(page)
    another_class_is_clicked(page)
    layers_and_a_token_are_read(page)
    fits_a_phone_light_and_dark(page)
    nothing_is_lost_by_an_error(page)
    the_prediction_follows_each_edit(page)
    another_example_brings_its_task(page)


def opens_with_a_stored_example(page):
    expect(page.locator("#class-status")).to_contain_text("A stored example")
    expect(page.locator("#class-result")).to_contain_text("The model reads this as")
    expect(page.locator("#class-plot .scatterlayer .trace")).to_have_count(2)


def another_class_is_clicked(page):
    share = page.locator("#class-bars .mw-number").first
    stored = share.inner_text()
    classify(page)
    expect(share).not_to_have_text(stored)
    expect(page.locator("#class-bars .mw-bar")).to_have_count(4)
    expect(page.locator("#class-plot .scatterlayer .trace")).to_have_count(2)
    chosen = page.locator("#class-bars [aria-pressed=true]")
    predicted = chosen.locator(".mw-class").inner_text()
    other = page.locator("#class-bars [aria-pressed=false]").first
    name = other.locator(".mw-class").inner_text()
    other.click()
    expect(page.locator("#class-result")).to_contain_text(f"reads this as {predicted}")
    expect(page.locator("#class-plot")).to_contain_text(f"Probability of {name}")
    expect(chosen.locator(".mw-class")).to_have_text(name)


def layers_and_a_token_are_read(page):
    page.locator("#layer-lens-run").click()
    expect(page.locator("#layer-lens .heatmap-label").first).to_be_visible()
    page.locator("#layer-lens [role=slider]").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#layer-lens [role=slider]")).to_contain_text(re.compile("^layer 2, "))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#layer-lens [role=slider]")).to_contain_text(re.compile("^layer 1, "))
    token = page.locator("#class-strip [data-index='0']")
    token.focus()
    expect(page.locator("#class-strip .mw-tip")).to_contain_text("reads as")
    expect(page.locator("#class-strip .mw-tip")).to_contain_text("Business")
    page.locator("#class-plot [role=slider]").first.focus()
    page.keyboard.press("End")
    expect(page.locator("#class-plot [role=slider]").first).to_contain_text("tokens added back 100 %")


def fits_a_phone_light_and_dark(page):
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("scrollTo(0, 0)")
    run = page.locator("#class-run").bounding_box()
    assert run["y"] + run["height"] < 844
    expect(page.locator("#layer-lens .heatmap-label").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    turn_dark(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size(size)


def nothing_is_lost_by_an_error(page):
    page.locator("#label-words textarea").fill("Only: one")
    page.locator("#class-run").click()
    expect(page.locator("#class-status [role=alert]")).to_contain_text("2 to 50 classes")
    expect(page.locator("#class-text textarea")).to_have_value(TEXT)
    expect(page.locator("#class-bars .mw-bar")).to_have_count(4)


def the_prediction_follows_each_edit(page):
    number = page.locator("#class-bars [data-index='0'] .mw-number")
    before = number.inner_text()
    words = page.locator("#label-words textarea")
    words.fill("Fruit: apple, banana\nAnimal: dog")
    expect(page.locator("#class-bars .mw-class")).to_have_text(["Fruit", "Animal"])
    expect(page.locator("#class-bars .mw-words-of-class").first).to_have_text("apple, banana")
    assert number.inner_text() != before
    expect(page.locator("#class-strip")).to_contain_text("Live:")
    page.locator("#template textarea").fill("{text} It was")
    expect(page.locator("#class-status")).to_contain_text("The template lacks <mask>")
    expect(page.locator("#class-bars .mw-class")).to_have_text(["Fruit", "Animal"])
    page.locator("#template textarea").fill("{text} It was a <mask> .")
    expect(page.locator("#class-strip .mw-template").last).to_have_text(" .")


def another_example_brings_its_task(page):
    page.get_by_role("button", name="SST-2: Positive").click()
    expect(page.locator("#class-bars .mw-class")).to_have_text(["Negative", "Positive"])
    expect(page.locator("#template textarea")).to_have_value("{text} It was <mask> .")


def test_run_again_stop_and_words_of_every_kind(page, monkeypatch, stop_pressed):
    with monkeypatch.context() as patch:
        run_again_takes_the_place_of_the_run_at_work(page, patch)
    with monkeypatch.context() as patch:
        all_methods_stop_and_keep_what_is_done(page, patch, stop_pressed)
    markup_and_template_code_stay_text(page)
    label_words_of_several_tokens_are_read_whole(page)


def run_again_takes_the_place_of_the_run_at_work(page, patch):
    choose(page, "#class-method", "Feature ablation")
    log_prob = LabelTarget.log_prob

    def slowly(self, masks):
        time.sleep(0.4)
        return log_prob(self, masks)

    patch.setattr(LabelTarget, "log_prob", slowly)
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("Explaining")
    choose(page, "#class-method", "PromptExplainer")
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("PromptExplainer on tiny-bert")


def all_methods_stop_and_keep_what_is_done(page, patch, stop_pressed):
    curves, drawn = reading.curves, []

    def two_are_drawn(target, scores, settings):
        if len(drawn) == 2:
            stop_pressed.wait()
            target.on_forward(1)
        drawn.append(scores)
        return curves(target, scores, settings)

    patch.setattr(reading, "curves", two_are_drawn)
    page.locator("#all-methods").click()
    expect(page.locator("#class-methods li").nth(1)).to_be_visible()
    page.locator("#class-stop").click()
    expect(page.locator("#class-status")).to_contain_text("What was finished stays")
    expect(page.locator("#class-methods li")).to_have_count(2)
    expect(page.locator("#class-plot .scatterlayer .trace")).to_have_count(4)


def markup_and_template_code_stay_text(page):
    page.locator("#label-words textarea").fill("<b>A</b>: sports\n${alert(3)}: business")
    classify(page, HOSTILE)
    expect(page.locator("#class-strip .mw-strip")).to_contain_text(HOSTILE)
    expect(page.locator("#class-bars .mw-class")).to_have_text(["<b>A</b>", "${alert(3)}"])
    page.locator("#layer-lens-run").click()
    expect(page.locator("#layer-lens .heatmap-label").first).to_be_visible()
    assert page.locator("img[src=x], #class-bars b").count() == 0


def label_words_of_several_tokens_are_read_whole(page):
    page.locator("#label-words textarea").fill("Bad: very bad\nGood: very good")
    page.locator("#class-text textarea").fill(TEXT)
    unfold(page, "More settings", -1)
    choose(page, "#verbalizer", "the words themselves, one mask for each of their tokens")
    expect(page.locator("#class-status")).to_contain_text("through as many masks as tokens")
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("This reads the model at one <mask>")
    expect(page.locator("#class-bars .mw-class")).to_have_text(["Bad", "Good"])


def test_an_edit_that_is_read_late_changes_no_run_of_it_and_a_model_is_tuned(page, monkeypatch):
    monkeypatch.setattr("components.classification.tuned_models.STEPS", 3)
    with monkeypatch.context() as patch:
        read_after_a_run_of_later_inputs_it_changes_nothing(page, patch)
    for words, button, begins, done in (
        ("Fruit: pear\nAnimal: cat", "#all-methods", f"{WORKS}.explain_by_all", "methods"),
        ("Fruit: plum\nAnimal: cow", "#layer-lens-run", f"{WORKS}.lens", "layer"),
    ):
        with monkeypatch.context() as patch:
            read_late_it_does_not_end_a_run_of_it(page, patch, words, button, begins, done)
    with monkeypatch.context() as patch:
        read_while_a_run_begins_it_does_not_end_it(page, patch)
    a_model_is_tuned_on_ones_own_texts(page, monkeypatch)


def a_model_is_tuned_on_ones_own_texts(page, patch):
    unfold(page, "Your own labelled texts")
    page.locator("#tune").click()
    expect(page.locator("#class-status [role=alert]")).to_contain_text("labelled texts first")
    page.locator("#labelled-texts textarea").fill("Fruit: sweet and red\nAnimal: it barks")
    words, begins = "Fruit: apple\nAnimal: dog", f"{WORKS}.TUNED_MODELS.tune"
    read_late_it_does_not_end_a_run_of_it(page, patch, words, "#tune", begins, "The tuned model is chosen")
    expect(page.get_by_text("Save what it learnt")).to_be_visible()
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("tuned on a few texts")


def hold(monkeypatch, held: str, until: str, seconds: float = 60) -> None:
    """The function named `held` waits until the one named `until` is called, so many seconds at most."""
    called = Event()
    go_on, call = pkgutil.resolve_name(held), pkgutil.resolve_name(until)

    def late(*given):
        called.wait(seconds)
        return go_on(*given)

    def noted(*given):
        called.set()
        return call(*given)

    monkeypatch.setattr(held, late)
    monkeypatch.setattr(until, noted)


WORKS = "components.classification.works"


def read_after_a_run_of_later_inputs_it_changes_nothing(page, patch):
    words, waits, go_on, read_live, readings = "Plant: tree\nAnimal: dog", Event(), Event(), run.read_live, []

    def late(request, settings, view):
        if settings["label_words"] != words:
            return read_live(request, settings, view)
        waits.set()
        go_on.wait(60)
        readings.append(read_live(request, settings, view))
        return readings[-1]

    patch.setattr(run, "read_live", late)
    page.locator("#label-words textarea").fill(words)
    assert waits.wait(60)
    page.locator("#class-text textarea").fill("It barks at night")  # is read once the first edit is
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("PromptExplainer on tiny-bert")
    go_on.set()
    end = time.monotonic() + 60
    while len(readings) < 2 and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert readings == [None, None]
    expect(page.locator("#class-status")).to_contain_text("PromptExplainer on tiny-bert")


def read_late_it_does_not_end_a_run_of_it(page, patch, words, button, begins, done):
    expect(page.locator("#class-status")).not_to_contain_text(done)
    hold(patch, "components.classification.run.read_live", until=begins)
    page.locator("#label-words textarea").fill(words)
    page.locator(button).click()
    expect(page.locator("#class-status")).to_contain_text(done)


def read_while_a_run_begins_it_does_not_end_it(page, patch):
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).not_to_contain_text("layer")
    hold(patch, "components.classification.run.reading_work", until=f"{WORKS}.lens", seconds=1)
    page.locator("#label-words textarea").fill("Fruit: apple\nAnimal: dog")
    page.locator("#layer-lens-run").click()
    expect(page.locator("#class-status")).to_contain_text("layer")
