"""The questions of the What-if tab that the model answers, as streams of events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from components.line import results
from components.page.views import Values
from components.what_if.awaited import Awaited
from components.what_if.values import JOINT_EMPTY, unmeasured
from components.what_if.view import chosen, count
from explainers.core.types import OnForward
from explainers.models.loaded import LoadedModel
from explainers.streams import what_if
from explainers.streams.events.shared import Event

AWAITED = Awaited()


def explained(explanation: dict) -> str:
    """The same for equal explanations."""
    return results.question("explanation", explanation)


class Question(ABC):
    """A question about an explanation. `asked`: the set of removed words, or another answer.

    kind: type of its events, which ActionView shows. text: said while the model works. short: its answer goes
    between the passes of a long run.
    """

    kind: str
    text: str
    short = False

    def events(
        self, explanation: dict, asked: Any, on_forward: OnForward, loaded: LoadedModel | None = None
    ) -> Iterator[Event]:
        """loaded: the model, where it cannot be loaded by its name."""
        yield {"type": "status", "text": self.text}
        for result in self.ask(explanation, asked, on_forward, loaded):
            yield {**result, "type": self.kind}
        yield {"type": "done", "text": self.done(explanation, asked)}

    @abstractmethod
    def ask(
        self, explanation: dict, asked: Any, on_forward: OnForward, loaded: LoadedModel | None
    ) -> Iterator[Event]:
        """The model's answer, which may come in parts."""

    @abstractmethod
    def done(self, explanation: dict, asked: Any) -> str:
        """What is said at the end."""

    def failed(self, explanation: dict) -> Values:
        """The views where it ends early."""
        return {}


class RemovalQuestion(Question):
    """What does the answer lose without these words?"""

    kind = "removal"
    text = "Measuring the answer without these words"
    short = True

    def ask(self, explanation, asked, on_forward, loaded):
        others = AWAITED.of(explained(explanation))
        yield what_if.removal(explanation, asked, on_forward, others=others)

    def done(self, explanation, asked):
        return count(explanation, asked)

    def failed(self, explanation):
        return unmeasured(explanation)


class RewriteQuestion(Question):
    """What does the model write without these words?"""

    kind = "masked_response"
    text = "Writing the answer without these words"

    def ask(self, explanation, asked, on_forward, loaded):
        yield from what_if.rewrite(explanation, asked, on_forward)

    def done(self, explanation, asked):
        return f"Written again with {count(explanation, asked)}"

    def failed(self, explanation):
        return {"diff": chosen(explanation, [])["diff"]}


class JointQuestion(Question):
    """Do these words work together?"""

    kind = "joint_effect"
    text = "Removing the words together, one by one and in pairs"

    def ask(self, explanation, asked, on_forward, loaded):
        yield what_if.joint_effect(explanation, asked, on_forward)

    def done(self, explanation, asked):
        return "Measured together and one by one."

    def failed(self, explanation):
        return {"joint": {"empty": JOINT_EMPTY}}


class WhyNotQuestion(Question):
    """Which words speak for the given answer, and which for another?"""

    kind = "why_not"
    text = "Removing each word alone, for both answers"

    def ask(self, explanation, asked, on_forward, loaded):
        yield what_if.why_not(explanation, asked, on_forward)

    def done(self, explanation, asked):
        return "Compared the two answers."
