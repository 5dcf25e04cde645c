"""What a What-if section tests by hand: a generated answer, or a classified text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from components.line.work import Work
from components.page.views import Values
from components.sharing.tab import SharedTab
from components.what_if.questions import Question
from components.what_if.view import ActionView


class Subject(ABC):
    """name: begins the names of its slots. text: the name of the explained text among the tab's inputs.
    removal: measures a set. view: takes the events of its questions.

    tab: whose record is tested. A "record" is one of that tab, "removed" are indices of its spans.
    """

    name: str
    text: str
    removal: Question
    view: type[ActionView] = ActionView

    def __init__(self, tab: SharedTab):
        self.tab = tab

    def slot(self, kind: str) -> str:
        """Of a run of this kind, which the next of the kind replaces."""
        return f"{self.name} {kind}"

    @abstractmethod
    def explanation(self, record: dict) -> dict:
        """The explanation that the record holds."""

    @abstractmethod
    def start(self, explanation: dict) -> list[int]:
        """The set that is removed at first."""

    @abstractmethod
    def opened(self, record: dict) -> Values:
        """All views of a record that has come."""

    @abstractmethod
    def chosen(self, record: dict, removed: Sequence[int], note: str = "") -> Values:
        """The views at once after a click. note: on the set, in words."""

    @abstractmethod
    def recorded(self, record: dict, removed: Sequence[int]) -> Values | None:
        """The views where the record itself tells the effect of the set, else None."""

    @abstractmethod
    def work(self, question: Question, record: dict, asked: object, session: str | None) -> Work:
        """The question to the model that made the record. asked: a set, or another answer."""
