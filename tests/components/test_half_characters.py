"""Half of a surrogate pair, as from text cut between JavaScript's units, on every tab and over HTTP."""

import json
from urllib.request import Request, urlopen

import pytest

from tests.browser import expect, guarded_page, unfold

HALF = "hello \ud83d world"
SHOWN = "hello \ufffd world"
SECONDS = {"timeout": 120_000}


def called(url: str, endpoint: str, **values) -> list[dict]:
    """The events of a call as curl makes it. values: arguments by name; the others keep their defaults."""
    with urlopen(f"{url}gradio_api/info") as described:
        parameters = json.load(described)["named_endpoints"][f"/{endpoint}"]["parameters"]
    defaults = {each["parameter_name"]: each["parameter_default"] for each in parameters}
    assert values.keys() <= defaults.keys()
    body = json.dumps({"data": list((defaults | values).values())}).encode()  # half a pair is escaped
    address = f"{url}gradio_api/call/{endpoint}"
    with urlopen(Request(address, body, {"Content-Type": "application/json"})) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(f"{address}/{event}") as stream:
        lines = stream.read().decode("utf-8").splitlines()
    return [json.loads(line[6:])[0] for line in lines if line.startswith("data: [")]


def test_generation_over_http(url):
    texts = dict.fromkeys(("prompt", "response", "system_prompt"), HALF)
    last = called(url, "explain_generation", **texts, method="random_removal", k=1)[-1]
    assert (last["type"], last["prompt"]) == ("explanation", SHOWN)


def test_classification_over_http(url):
    words = {f"up {HALF}": ["great"], "down": ["bad"]}
    asked = {"text": HALF, "task": "custom", "template": f"<mask> : {{text}} {HALF}", "label_words": words}
    last = called(url, "explain_classification", **asked, method="feature_ablation")[-1]
    assert (last["type"], last["text"]) == ("explanation", SHOWN)
    assert [row["label"] for row in last["labels"]] == [f"up {SHOWN}", "down"]


@pytest.fixture(scope="module")
def page(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 1000}) as opened:
        opened.set_default_timeout(SECONDS["timeout"])
        opened.goto(url)
        yield opened


def fill(page, field: str, text: str = HALF) -> None:
    """Write text with half a pair into a field, as pasting does."""
    page.evaluate(
        f"""() => {{
            const box = document.querySelector("{field} textarea, {field} input");
            const of = Object.getPrototypeOf(box);
            Object.getOwnPropertyDescriptor(of, "value").set.call(box, {json.dumps(text)});
            box.dispatchEvent(new Event("input", {{ bubbles: true }}));
        }}"""
    )


def short_answers(page) -> None:
    unfold(page, "More settings")
    page.locator("#new-tokens input[type=number]").fill("4")
    page.locator("#new-tokens input[type=number]").press("Tab")


def test_generation_what_if_and_the_game(page):
    page.get_by_role("tab", name="Generation").click()
    expect(page.locator("#run")).to_be_enabled(**SECONDS)
    short_answers(page)
    fill(page, "#prompt")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("on tiny-llama", **SECONDS)
    expect(page.locator("#strip")).to_contain_text(SHOWN)
    page.get_by_role("tab", name="What if").click()
    expect(page.locator("#what-status")).to_contain_text("of 3 words removed", **SECONDS)
    fill(page, "#what-other")
    page.locator("#what-why").click()
    expect(page.locator("#what-why-result")).to_contain_text("of the other", **SECONDS)
    page.get_by_role("tab", name="Classroom").click()
    page.locator("#guess-round input").first.click()
    page.get_by_role("option", name="The prompt of the Generation tab").click()
    fill(page, "#guess-player", "team \ud83d")
    page.locator("#guess-start").click()
    expect(page.locator("#guess-status")).to_contain_text("then press Reveal", **SECONDS)
    expect(page.locator("#guess-board")).to_contain_text(SHOWN)
    for word in page.locator("#guess-board [data-index]").all():
        word.click()
    page.locator("#guess-reveal-button").click()
    expect(page.locator("#guess-tally")).to_contain_text("team \ufffd", **SECONDS)


def test_classification(page):
    page.get_by_role("tab", name="Classification").click()
    expect(page.locator("#class-run")).to_be_enabled(**SECONDS)
    fill(page, "#label-words", "up \ud83d: great\ndown: bad")
    fill(page, "#class-text")
    page.locator("#class-run").click()
    expect(page.locator("#class-status")).to_contain_text("PromptExplainer on", **SECONDS)
    expect(page.locator("#class-strip")).to_contain_text(SHOWN)
    expect(page.locator("#class-bars")).to_contain_text("up \ufffd")


def test_compare(page):
    page.get_by_role("tab", name="Generation").click()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare-run")).to_be_enabled(**SECONDS)
    fill(page, "#compare-prompt")
    page.locator("#compare-run").click()
    expect(page.locator("#compare-status")).to_contain_text("methods compared on", **SECONDS)
    expect(page.locator("#compare-table")).to_contain_text("hello")
