"""The result of a stream as an object that a notebook shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from explainers.reports.html_report import explanation_html
from explainers.reports.record import PASSING, VERSION

# The page stands in a frame of its own, so that its style and the notebook's leave each other alone.
FRAME = (
    '<iframe title="Maskwise" sandbox srcdoc="{page}" '
    'style="width: 100%; height: 640px; border: 0; resize: vertical"></iframe>'
)


class Result(dict):
    """The `explanation` event: a dict that, as the last line of a notebook's cell, shows the strip, the
    sentence and the figures of the page's HTML file.

    record: what the page's Load takes, once it is written as JSON.
    """

    def __init__(self, explanation: dict, record: dict):
        super().__init__(explanation)
        self.record = record

    def _repr_html_(self) -> str:
        return FRAME.format(page=escape(explanation_html(self.record)))


def with_result(tab: str, events: Iterable[Any]) -> Iterator[dict]:
    """The events of a stream of that kind, the explanation among them as a Result."""
    kept: list[dict] = []
    for event in events:
        if event["type"] not in PASSING:
            kept.append(event)
        if event["type"] == "explanation":
            event = Result(event, {"maskwise": VERSION, "tab": tab, "events": list(kept)})
        yield event
