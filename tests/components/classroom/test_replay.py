"""Replay: steps hold what was proposed, long searches are thinned, and each step reads as a true sentence."""

import itertools
import json

import gradio as gr
import pytest
import torch

from components.classroom.replay import MOST_STEPS, replay_value, replay_view
from components.page.theme import look
from explainers.core.base import EXPLAINERS, read_options
from explainers.core.types import Explanation
from explainers.streams.running import run_method
from tests.browser import check, expect, guarded_page, serve
from tests.synthetic import SyntheticTarget, random_problem

SEARCHES = ("xprompt", "best_swap", "exhaustive", "best_within_budget")
TEXT = "the doctor and the patient"
ATTACK = "<img src=x onerror=alert(1)> ${alert(1)} {{this}}"


class Graded(SyntheticTarget):
    """With the differences of removing one span in place of the gradient, (T,)."""

    def mask_gradient(self):
        masks = 1 - torch.eye(len(self.spans), dtype=torch.int64)
        return self.log_prob(torch.ones_like(masks)) - self.log_prob(masks)


@pytest.mark.parametrize("name", SEARCHES)
def test_steps_hold_the_mask_that_was_proposed(name):
    target = Graded(8, random_problem(4, 8))
    explainer = EXPLAINERS[name](read_options(EXPLAINERS[name], {}, 3))
    steps = [event for event in explainer.stream(target) if not isinstance(event, Explanation)]
    values = target.log_prob(torch.tensor([step.proposed_mask for step in steps])).tolist()
    assert values == pytest.approx([step.proposal_log_prob for step in steps], abs=1e-9)
    assert any(s.accepted for s in steps) and all(s.mask == s.proposed_mask for s in steps if s.accepted)


def test_step_events_name_the_proposed_spans():
    target = Graded(6, random_problem(1, 6))
    *events, _ = run_method(EXPLAINERS["xprompt"](read_options(EXPLAINERS["xprompt"], {}, 2)), target)
    assert all(len(e["removed"]) == len(e["proposed"]) == 2 for e in events)
    assert all(len(set(e["removed"]) & set(e["proposed"])) == 1 for e in events if not e["accepted"])


def spans_of(text):
    words, places = text.split(), []
    for word in words:
        start = text.index(word, places[-1]["end"] if places else 0)
        places.append({"text": word, "start": start, "end": start + len(word)})
    return places


def step(n, removed, log_prob, proposed, proposal, accepted, total=100):
    values = {"type": "step", "step": n, "total": total, "log_prob": log_prob, "proposal": proposal}
    return values | {"accepted": accepted, "removed": removed, "proposed": proposed}


def record(steps, text=TEXT):
    prompt = {"type": "prompt", "spans": spans_of(text), "log_prob": -53.4, "passes": 9, "plan": ""}
    done = {"type": "explanation", "prompt": text, "title": "XPrompt", "granularity": "word"}
    return {"maskwise": 1, "tab": "generation", "events": [prompt, *steps, done]}


STEPS = [
    step(1, [1, 2], -70.0, [2, 4], -67.0, False),
    step(2, [1, 4], -75.0, [1, 4], -75.0, True),
    step(3, [1, 4], -75.0, [3, 4], -71.2, False),
    step(4, [1, 4], -75.0, [1, 2], -75.0, False),
]
SENTENCES = [
    "Step 1: put doctor back and remove patient instead: log p −67.00, higher than the best −70.00, "
    "so it is rejected.",
    "Step 2: put and back and remove patient instead: log p −75.00, lower than the best before, −70.00, "
    "so it is accepted.",
    "Step 3: put doctor back and remove the (word 4) instead: log p −71.20, higher than the best −75.00, "
    "so it is rejected.",
    "Step 4: put patient back and remove and instead: log p −75.00, no lower than the best −75.00, "
    "so it is rejected.",
]
GREEDY = [
    step(1, [], -53.4, [1], -60.0, False),
    step(2, [], -53.4, [2], -50.0, False),
    step(3, [1], -60.0, [1], -60.0, True),
    step(4, [1], -60.0, [1, 4], -70.0, False),
    step(5, [1, 4], -70.0, [1, 4], -70.0, True),
]
PROPOSALS = "document.querySelector('#replay .mw-plot').data?.[1].x.length"  # drawn


def test_value_of_a_record():
    value = replay_value(record(STEPS))
    assert value["text"] == TEXT and value["unmasked"] == -53.4 and value["total"] == 100
    assert [s["proposed"] for s in value["steps"]] == [s["proposed"] for s in STEPS]
    assert "no search to replay" in replay_value(record([]))["empty"]
    assert "once it has run" in replay_value(None)["empty"]


def test_a_long_search_is_thinned_and_still_adds_up():
    found = {10_000: -71.0, 40_001: -72.0, 40_002: -73.0}
    steps, best = [], -70.0
    for n in range(1, 90_001):
        best = found.get(n, best)
        steps.append(step(n, [1, 2], best, [2, 4], found.get(n, -60.0), n in found, 90_000))
    shown = replay_value(record(steps))
    assert MOST_STEPS / 3 < len(shown["steps"]) <= MOST_STEPS and "90,000 steps" in shown["note"]
    assert [s["step"] for s in shown["steps"] if s["accepted"]] == list(found)
    pairs = itertools.pairwise(shown["steps"])
    before = [earlier["log_prob"] for earlier, later in pairs if later["accepted"]]
    assert before == [-70.0, -71.0, -72.0]


@pytest.fixture(scope="module")
def shared_page(browser):
    with gr.Blocks(analytics_enabled=False) as demo:
        typed = gr.Textbox(elem_id="feed", label="feed")
        shown = replay_view("replay")
        typed.submit(lambda text: replay_value(json.loads(text)), typed, shown, show_progress="hidden")
    settings = look()
    with serve(demo, **settings) as url, guarded_page(browser) as page:
        page.goto(url)
        expect(page.locator("#replay .mw-empty")).to_contain_text("once it has run")
        feed(page, record([]))
        expect(page.locator("#replay .mw-empty")).to_contain_text("no search")
        yield page


@pytest.fixture
def page(shared_page):
    yield shared_page
    check(shared_page)


def feed(page, record):
    page.locator("#feed textarea").fill(json.dumps(record))
    page.locator("#feed textarea").press("Enter")


def test_each_step_is_a_sentence_and_a_marked_prompt(page):
    feed(page, record(STEPS))
    sentence, slider = page.locator("#replay .mw-sentence"), page.get_by_role("slider")
    tokens = page.locator("#replay .mw-strip .mw-token")
    for text in SENTENCES:
        expect(sentence).to_have_text(text)
        slider.press("ArrowRight")
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "step 1 of 100, rejected")
    expect(tokens.nth(1)).to_have_attribute("aria-label", '"doctor", removed, put back by the proposal')
    expect(tokens.nth(4)).to_have_attribute("aria-label", '"patient", removed by the proposal')
    page.wait_for_function(f"{PROPOSALS} === 1")
    slider.press("ArrowUp")
    expect(page.locator("#replay .mw-verdict")).to_have_text("✓ accepted")
    expect(tokens.nth(4)).to_have_attribute("data-removed", "true")
    page.wait_for_function(f"{PROPOSALS} === 2")
    page.get_by_role("button", name="First step").click()
    expect(sentence).to_have_text(SENTENCES[0])
    page.keyboard.press("End")  # the button is disabled now, and the keys still work
    expect(sentence).to_have_text(SENTENCES[3])


def test_a_search_that_builds_its_set_reads_as_one(page):
    feed(page, record(GREEDY))
    sentence = page.locator("#replay .mw-sentence")
    noted = "noted: this round tries all its sets, then takes the lowest."
    expect(sentence).to_have_text(f"Step 1: remove only doctor: log p −60.00, {noted}")
    for text in (
        f"Step 2: remove only and: log p −50.00, {noted}",
        "Step 3: remove only doctor: log p −60.00, lower than the best before, −53.40, so it is accepted.",
        f"Step 4: remove patient as well: log p −70.00, {noted}",
    ):
        page.get_by_role("button", name="One step on").click()
        expect(sentence).to_have_text(text)


def test_older_records_replay_without_the_words(page):
    older = record([{k: v for k, v in s.items() if k != "proposed"} for s in STEPS])
    feed(page, older)
    expect(page.locator("#replay .mw-sentence")).to_have_text(
        "Step 1: log p −67.00, higher than the best −70.00, so it is rejected."
    )
    page.get_by_role("button", name="Next accepted").click()
    expect(page.locator("#replay .mw-sentence")).to_have_text(SENTENCES[1])


def test_play_runs_to_the_end_of_a_thousand_steps(page):
    steps = [step(n, [1, 2], -70.0, [1, n % 2 + 3], -60.0 - n / 200, False, 1000) for n in range(1, 1001)]
    feed(page, record(steps))
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("max", "1000")
    slider.press("End")
    for _ in range(3):
        slider.press("PageDown")
    expect(slider).to_have_attribute("aria-valuetext", "step 970 of 1000, rejected")
    took = slider.evaluate("""node => {
        const from = performance.now();
        for (let n = 1; n <= 100; n++) { node.value = 800 + n; node.dispatchEvent(new Event('input')); }
        return (performance.now() - from) / 100;
    }""")
    assert took < 50  # ms a step, on a machine that may be busy
    slider.press("End")
    slider.press("PageDown")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    last = "step 1000 of 1000, rejected"
    expect(slider).to_have_attribute("aria-valuetext", last)
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_methods_without_a_search_say_so_and_text_stays_text(page):
    feed(page, record([]))
    expect(page.locator("#replay .mw-empty")).to_contain_text("there is no search to replay")
    expect(page.get_by_role("slider")).not_to_be_visible()
    hostile = [
        step(1, [1, 99], -70.0, [0, -1, "length"], -60.0, False),
        step(2, [1], -70.0, ATTACK, -60.0, False),
    ]
    feed(page, record(hostile, ATTACK))
    expect(page.locator("#replay .mw-strip")).to_have_text(ATTACK)
    expect(page.locator("#replay .mw-sentence")).to_contain_text("remove <img instead")
    page.get_by_role("slider").press("End")
    expect(page.locator("#replay .mw-sentence")).to_contain_text("Step 2: put src=x back: ")
    assert page.locator("img[src='x']").count() == 0
