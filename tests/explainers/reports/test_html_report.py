"""A result as a page of its own: complete, and safe with any text."""

from html.parser import HTMLParser

import pytest

from explainers.core.types import Task
from explainers.models import held
from explainers.reports.comparison_report import comparison_html
from explainers.reports.html_report import explanation_html
from explainers.reports.record import explanation_of
from tests.served import tiny_model
from tests.shared_records import NASTY, classification_record, comparison_record, generation_record

pytestmark = pytest.mark.usefixtures("on_tiny_models")


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "section", "p", "div",
    "span", "strong", "del", "ins", "table", "thead", "tbody", "tr", "th", "td", "svg", "polyline",
    "details", "summary",
}  # fmt: skip


@pytest.mark.parametrize("text", NASTY[:7])
def test_the_page_is_safe_with_any_text(text):
    for record in (
        generation_record(text, k=1, system_prompt=text, response=text, options={"iterations": 3}),
        classification_record(
            text, label_words={'<b onload="x">': ["sports"], "${a}": ["business"]}, task="custom"
        ),
    ):
        page = Page(explanation_html(record))
        assert page.tags <= TAGS
        assert not [n for n, _ in page.attributes if n.startswith("on") or n in ("src", "href", "xlink:href")]
        policy = dict(page.attributes)["content"] or ""
        assert "http-equiv" in dict(page.attributes) and policy
        flat = text.replace("\r\n", "\n").strip()
        assert flat in page.text.replace("\r\n", "\n")


def test_the_page_shows_all_that_was_found():
    record = generation_record()
    text = Page(explanation_html(record)).text
    explanation = explanation_of(record)
    for said in (
        explanation["response"],
        explanation["certificate"],
        "KL divergence",
        "transformers",
        "tiny-llama",
    ):
        assert said in text
    assert "The search" in text and "default-src 'none'" in explanation_html(record).replace("&#x27;", "'")


def test_the_page_of_a_comparison():
    page = Page(text := comparison_html(comparison_record(NASTY[1])))
    assert page.tags <= TAGS and NASTY[1] in page.text and "random, 2 draws" in text


def test_a_long_text_at_token_granularity_makes_a_small_file(monkeypatch):
    loaded = tiny_model("", Task.GENERATION)
    loaded.model.config.max_position_embeddings = 4096
    monkeypatch.setattr(held, "load_model", lambda *how: loaded)
    words = " ".join(["the story of a doctor"] * 100)
    record = generation_record(
        words, method="gradient_x_input", granularity="token", max_new_tokens=3, options={}
    )
    spans = explanation_of(record)["spans"]
    assert len(spans) >= 500 and len(explanation_html(record).encode()) < 5e6
