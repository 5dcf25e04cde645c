"""What a person chooses of a chat template: the system prompt and its place, the date, the thinking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from explainers.core.errors import MaskwiseError, shown


class Placement(StrEnum):
    """Where a system prompt goes: into its own role, or before the person's text."""

    SYSTEM = "system"
    PROMPT = "prompt"


class Thinking(StrEnum):
    """What becomes of a model's thinking before its answer.

    off: the template is told not to think. explain: the thinking is explained with the answer. skip: the
    answer after the thinking is explained, given the thinking.
    """

    OFF = "off"
    EXPLAIN = "explain"
    SKIP = "skip"


@dataclass(frozen=True)
class TemplateChoices:
    """What a chat template is given beside the person's text.

    date: the day that a template writes as today, YYYY-MM-DD; empty for the day of the run.
    """

    system_prompt: str = ""
    system_prompt_placement: Placement | str = Placement.SYSTEM
    date: str = ""
    thinking: Thinking | str = Thinking.OFF

    @property
    def system(self) -> str:
        """The system prompt, empty where it is only white space."""
        return self.system_prompt if self.system_prompt.strip() else ""


def check_date(text: str) -> str:
    """The text, if it is empty or a day as YYYY-MM-DD; else MaskwiseError."""
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise MaskwiseError(f"date must be a day such as 2026-11-26, or empty, not {shown(text)}.") from None
