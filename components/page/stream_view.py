"""What every view of a run shares: events go in by their type, the views' values come out by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from components.page.progress import Progress
from components.page.views import Values
from explainers.reports.record import VERSION
from explainers.streams.events.shared import Event


@dataclass
class StreamView:
    """Feed it events with `add`: one of type "step" goes to `on_step`, and one that no method takes is passed
    over. Read the values of the views from `values`. Plain values, no Gradio.
    """

    progress: Progress = field(default_factory=Progress, kw_only=True)

    def add(self, event: Event) -> None:
        handle = getattr(self, f"on_{event['type']}", None)
        if handle:
            handle(event)

    def record(self) -> dict | None:
        """All that is needed to show this result again, once it is complete; None for what is not kept."""
        return None

    def values(self, passes_done: int = 0) -> Values:
        """Values by the names of views; a view that is not named stays as it is."""
        return {"status": self.progress.value(passes_done)}

    def on_stored(self, event: dict) -> None:
        self.progress.origin = f"A stored result of {event['date']}: "

    def on_queued(self, event: dict) -> None:
        self.progress.wait(event["ahead"], event["seconds"])

    def on_status(self, event: dict) -> None:
        self.progress.say(event["text"])

    def on_stopped(self, event: dict) -> None:
        self.progress.end("stopped", event["text"])

    def on_error(self, event: dict) -> None:
        self.progress.end("error", event["text"])


@dataclass
class RecordingView(StreamView):
    """A view whose result can be kept. tab: its name in the record. kept: the types of events that are all
    that is needed to show the result again; the last of them comes once it is complete."""

    tab: ClassVar[str]
    kept: ClassVar[tuple[str, ...]]
    recorded: list[Event] = field(default_factory=list, kw_only=True)

    def add(self, event: Event) -> None:
        super().add(event)
        if event["type"] in self.kept:
            self.recorded.append(event)

    def record(self) -> dict | None:
        if not self.recorded or self.recorded[-1]["type"] != self.kept[-1]:
            return None
        return {"maskwise": VERSION, "tab": self.tab, "events": self.recorded}
