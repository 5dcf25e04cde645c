"""A result of 500 spans and more: the page opens with it, fits a phone, and clicks answer."""

from unittest import mock

import pytest

from components.generation import tab as generation_tab
from explainers.core.types import Task
from explainers.models import held
from explainers.streams.generation import run
from explainers.streams.requests.generation import GenerationRequest
from tests.browser import expect, guarded_page
from tests.served import served_app, tiny_model

PROMPT = " ".join(["the story of a doctor"] * 100)


def long_model(name, task, *how):
    loaded = tiny_model(name, task, *how)
    if task is Task.GENERATION:
        loaded.model.config.max_position_embeddings = 4096
    return loaded


@pytest.fixture(scope="module")
def record():
    asked = GenerationRequest(PROMPT, method="gradient_x_input", granularity="token", max_new_tokens=3)
    with mock.patch.object(held, "load_model", long_model):
        view = generation_tab.replay([])
        for event in run(asked):
            view.add(event)
    return view.record()


@pytest.fixture(scope="module")
def url(record):
    with (
        mock.patch.object(generation_tab, "stored_record", lambda: record),
        served_app(long_model) as address,
    ):
        yield address


def test_500_spans_are_drawn_fit_and_answer(browser, url):
    with guarded_page(browser, viewport={"width": 390, "height": 900}) as page:
        page.goto(url)
        expect(page.locator("#strip .mw-strip [data-index]").nth(499)).to_be_visible()
        fits_a_phone_and_a_screen(page)
        page.get_by_role("tab", name="What if").click()
        expect(page.locator("#what-status")).to_contain_text("3 of")
        for index in (499, 250):
            page.locator(f"#what-strip .mw-strip [data-index='{index}']").click()
        expect(page.locator("#what-status")).to_contain_text("5 of")
        fits_a_phone_and_a_screen(page)


def fits_a_phone_and_a_screen(page):
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
