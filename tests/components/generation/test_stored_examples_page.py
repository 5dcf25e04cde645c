"""An example whose result is stored shows it at a click; one without a stored result waits for Run."""

from unittest import mock

import pytest

from components.generation.controls import EXAMPLES
from explainers.core.types import Task
from explainers.models import held
from tests.browser import expect, guarded_page
from tests.served import stand_ins, tiny_model

SECONDS = {"timeout": 90_000}


@pytest.fixture(scope="module")
def passes():
    """A mark for each pass through the model."""
    return []


@pytest.fixture(scope="module")
def url(launched_url, passes):
    """The app on a tiny model that counts as built in."""
    loaded = tiny_model("", Task.GENERATION)
    loaded.model.register_forward_pre_hook(lambda *call: passes.append(call))
    version = mock.patch.object(held, "builtin_version", lambda name, task: (loaded.name, loaded.revision))
    measures = mock.patch("explainers.streams.report.text_metrics", lambda *answers: [])
    with version, measures, stand_ins(lambda name, task, *how: loaded, 1_000_000):
        yield launched_url


def test_a_stored_example_shows_its_result_without_a_pass(browser, url, passes):
    first, second = EXAMPLES[0], EXAMPLES[1]
    with guarded_page(browser) as page:
        page.goto(url)
        expect(page.locator("#run")).to_be_enabled(**SECONDS)
        page.get_by_text(second.title, exact=True).click()
        expect(page.locator("#prompt textarea")).to_have_value(second.prompt, **SECONDS)
        expect(page.locator("#status")).to_contain_text("A stored example", **SECONDS)  # nothing was run
        page.locator("#run").click()
        expect(page.locator("#status")).to_contain_text("Best within a budget on", **SECONDS)
        page.locator("#prompt textarea").fill(first.prompt)
        passed = len(passes)
        page.get_by_text(second.title, exact=True).click()
        expect(page.locator("#status")).to_contain_text("A stored result of", **SECONDS)
        assert len(passes) == passed
        expect(page.locator("#strip")).to_contain_text("published")
