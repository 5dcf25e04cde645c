"""What keeping and sharing needs to know of a tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import gradio as gr

from components.controls import Controls, all_controls, read_values


@dataclass(frozen=True)
class SharedTab:
    """name: as in fields.TABS, and the id of the gr.Tab. inputs: by the names there. options: by method and
    name. views: the status line first. bar: the tab's share bar.

    replay: a record's events → an object with `progress` and `values()`, those of the views, None for one
    that stays. blank: values of the views before any result. settle: is told a page's session and its inputs
    before these are filled in, so that no live reading follows.
    """

    name: str
    inputs: Controls
    options: dict[str, Controls]
    views: list[gr.HTML]
    record: gr.State
    bar: gr.HTML
    replay: Callable[[list[dict]], object]
    blank: list[dict]
    settle: Callable[[str | None, dict], None] = field(default=lambda session, settings: None)

    def controls(self) -> list[gr.components.Component]:
        return [*self.inputs.values(), *all_controls(self.options)]

    def read(self, values) -> dict:
        """Values of the controls, as `link_fields` takes them."""
        settings, options = read_values(list(self.inputs), self.options, values)
        return settings | {"options": options.get(settings.get("method"), {})}

    def fill(self, inputs: dict, session: str | None) -> list:
        """Updates of the controls: `inputs` where they name a value, the rest stays."""
        options, method = inputs.get("options", {}), inputs.get("method")
        self.settle(session, {name: inputs.get(name, c.value) for name, c in self.inputs.items()})
        filled = [inputs.get(name, gr.skip()) for name in self.inputs]
        for owner, controls in self.options.items():
            own = options if owner == method else {}
            filled += [own.get(name, gr.skip()) for name in controls]
        return filled

    def show(self, events: list[dict], said: str) -> list:
        """Values of the views for a result that was computed earlier. said: where it comes from."""
        view = self.replay(events)
        view.progress.text = f"{said} {view.progress.text}"
        return [gr.skip() if value is None else value for value in view.values()]

    def empty(self, said: str) -> list[dict]:
        """Values of the views without any result."""
        status = {"state": "idle", "text": said, "fraction": None, "eta": None}
        return [status, *self.blank[1:]]
