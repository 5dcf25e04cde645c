"""The newer methods run on the page, and what they find beside scores is shown."""

import pytest

from tests.browser import choose, expect, guarded_page, unfold


@pytest.fixture(scope="module")
def page(browser, url):
    with guarded_page(browser, viewport={"width": 1280, "height": 1400}) as opened:
        opened.goto(url)
        expect(opened.locator("#plot .cap")).to_contain_text("iteration 100 of 100")
        opened.locator("#prompt textarea").fill("Write a short story about a doctor.")
        yield opened


def test_sets_of_words_are_arcs_over_the_prompt(page):
    choose(page, "#method", "ProxySPEX")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("ProxySPEX on tiny-llama", timeout=60_000)
    expect(page.locator("#plot .cap")).to_contain_text("sets: ")
    expect(page.locator("#plot .main-svg").first).to_be_visible()


def test_relevance_and_flow_are_shown_with_what_they_add_up_to(page, learned_heads):
    choose(page, "#method", "AttnLRP")
    expect(page.locator(".mw-reference").filter(has_text="grants no patents").first).to_be_visible()
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("AttnLRP on tiny-llama", timeout=60_000)
    expect(page.locator("#status")).to_contain_text("flows back to the spans")
    choose(page, "#method", "FlashTrace")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("FlashTrace on tiny-llama", timeout=60_000)
    expect(page.locator("#status")).to_contain_text("and through the model's own words")
    expect(page.locator("#plot .cap")).to_contain_text("hop 1: ")
    expect(page.locator("#plot .main-svg").first).to_be_visible()
    unfold(page, "More settings")
    answer = page.get_by_label("Explain this answer instead")
    answer.fill("<think>The doctor is good.</think>Once upon a time.")
    choose(page, "#thinking", "is skipped: the answer after it is explained")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("and through what the model wrote before them")
    expect(page.locator("#status")).to_contain_text("the answer after the model's thinking")
    answer.fill("")
    choose(page, "#method", "AT2: learned attention")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("AT2: learned attention on tiny-llama", timeout=60_000)
    expect(page.locator("#status")).to_contain_text("Learned from 32 removals from each of 3 prompts")
    page.locator("#prompt textarea").fill("Write a short story about a doctor. " * 5)
    choose(page, "#method", "MExGen (C-LIME)")
    page.locator("#run").click()
    expect(page.locator("#status")).to_contain_text("MExGen (C-LIME) on tiny-llama", timeout=60_000)
    expect(page.locator("#status")).to_contain_text("parts of up to 4 spans")
    expect(page.locator("#status")).to_contain_text("then 24 spans one by one. Each of the other 16 spans")
