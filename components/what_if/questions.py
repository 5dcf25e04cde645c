"""The questions of the What-if tab that the model answers, as streams of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from components.line import results
from components.page.views import Values
from components.what_if.awaited import Awaited
from components.what_if.values import JOINT_EMPTY, unmeasured
from components.what_if.view import chosen, count
from explainers.streams import what_if
from explainers.streams.events.shared import Event


@dataclass(frozen=True)
class Question:
    """A question about an explanation.

    kind: type of its events, which ActionView shows. ask: (explanation, asked, *how) → results of the core;
    asked is the set of removed words, or another answer; how is on_forward, and what else it needs. done:
    (explanation, asked) → last words. failed: explanation → views where it ends early. short: its answer
    goes between the passes of a long run.
    """

    kind: str
    text: str
    ask: Callable[..., Iterator[Event]]
    done: Callable[[dict, Any], str]
    failed: Callable[[dict], Values] = lambda explanation: {}
    short: bool = False

    def events(self, explanation: dict, asked, *how) -> Iterator[Event]:
        yield {"type": "status", "text": self.text}
        for result in self.ask(explanation, asked, *how):
            yield {**result, "type": self.kind}
        yield {"type": "done", "text": self.done(explanation, asked)}


AWAITED = Awaited()


def explained(explanation: dict) -> str:
    """The same for equal explanations."""
    return results.question("explanation", explanation)


def _removal(explanation, removed, on_forward):
    others = AWAITED.of(explained(explanation))
    yield what_if.removal(explanation, removed, on_forward, others=others)


def _joint(explanation, removed, on_forward):
    yield what_if.joint_effect(explanation, removed, on_forward)


def _why_not(explanation, other, on_forward):
    yield what_if.why_not(explanation, other, on_forward)


def _rewrite(explanation, removed, on_forward):
    yield from what_if.rewrite(explanation, removed, on_forward)


REMOVAL = Question(
    "removal", "Measuring the answer without these words", _removal, count, unmeasured, short=True
)
REWRITE = Question(
    "masked_response",
    "Writing the answer without these words",
    _rewrite,
    lambda explanation, removed: f"Written again with {count(explanation, removed)}",
    lambda explanation: {"diff": chosen(explanation, [])["diff"]},
)
JOINT = Question(
    "joint_effect",
    "Removing the words together, one by one and in pairs",
    _joint,
    lambda explanation, removed: "Measured together and one by one.",
    lambda explanation: {"joint": {"empty": JOINT_EMPTY}},
)
WHY_NOT = Question(
    "why_not",
    "Removing each word alone, for both answers",
    _why_not,
    lambda explanation, other: "Compared the two answers.",
)
