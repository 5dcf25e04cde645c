"""What keeping and sharing needs to know of a tab."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import gradio as gr

from components.page.controls import Controls, all_controls, read_values

Updates = dict[gr.blocks.Block, object]  # by component, as Gradio takes them
QUIET = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class SharedTab:
    """name: as in fields.TABS, and the id of the gr.Tab. inputs: by the names there. options: by method and
    name. views: the status line first. bar: the tab's share bar.

    replay: a record's events → an object with `progress` and `values()`, those of the views, None for one
    that stays. blank: values of the views before any result. settle: is told a page's session and its inputs
    before and after some are filled in; returns updates, by name, of inputs whose value alone is not enough.
    followers: what `follow` was given.
    """

    name: str
    inputs: Controls
    options: dict[str, Controls]
    views: list[gr.HTML]
    record: gr.State
    bar: gr.HTML
    replay: Callable[[list[dict]], object]
    blank: list[dict]
    settle: Callable[[str | None, dict, dict], dict] = field(default=lambda session, before, after: {})
    followers: list[Callable[[dict | None], Updates]] = field(default_factory=list)

    def follow(self, show: Callable[[dict | None], Updates], outputs: list) -> gr.events.Dependency:
        """Give `outputs` what `show` makes of each record that the tab comes to hold, None where a link took
        the earlier one away. Returns the event of a new record."""
        told = gr.State(self.record.value)

        def tell(record: dict | None) -> Updates:
            return show(record) | {told: record}

        def follow(record: dict | None, before: dict | None) -> Updates:
            # Of a state on a tab that was not opened yet, Gradio reports changes that are none.
            return {told: record} if record == before else tell(record)

        self.followers.append(tell)
        return self.record.change(follow, [self.record, told], [*outputs, told], **QUIET)

    def controls(self) -> list[gr.components.Component]:
        return [*self.inputs.values(), *all_controls(self.options)]

    def read(self, values) -> dict:
        """Values of the controls, as `link_fields` takes them."""
        settings, options = read_values(list(self.inputs), self.options, values)
        return settings | {"options": options.get(settings.get("method"), {})}

    def fill(self, inputs: dict, session: str | None, before: dict | None = None) -> list:
        """Updates of the controls: `inputs` where they name a value, the rest stays.

        before: values of the inputs until now, as `read` gives them; without, those of a fresh page.
        """
        before = {name: before[name] if before else control.value for name, control in self.inputs.items()}
        settled = self.settle(session, before, {name: inputs.get(name, before[name]) for name in before})
        method, options = inputs.get("method"), inputs.get("options", {})
        updates = [settled.get(name, inputs.get(name, gr.skip())) for name in self.inputs]
        for owner, controls in self.options.items():
            own = options if owner == method else {}
            updates += [own.get(name, gr.skip()) for name in controls]
        return updates

    def show(self, events: list[dict], said: str) -> list:
        """Values of the views for a result that was computed earlier. said: where it comes from."""
        view = self.replay(events)
        view.progress.text = f"{said} {view.progress.text}"
        return [gr.skip() if value is None else value for value in view.values()]

    def empty(self, said: str) -> list[dict]:
        """Values of the views without any result."""
        status = {"state": "idle", "text": said, "fraction": None, "eta": None}
        return [status, *self.blank[1:]]


@dataclass(frozen=True)
class LinkedView:
    """A view with links of its own, which uses the inputs of a tab.

    name: as in fields.TABS. top: the id of the gr.Tab it is in. restore: (inputs of the link, what of it is
    left out, in sentences) → updates of `outputs`.
    """

    name: str
    top: str
    tab: SharedTab
    outputs: list
    restore: Callable[[dict, list[str]], Updates]
