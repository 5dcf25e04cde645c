"""What keeping and sharing needs to know of a tab."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import gradio as gr

from components.page.controls import Controls, all_controls, read_values
from components.page.progress import status
from components.page.stream_view import StreamView
from components.page.views import AT_ONCE, Updates, Values, Views

IDLE_SECONDS = 6 * 3600  # after which what a page left in the server's memory is dropped


@dataclass(frozen=True)
class SharedTab:
    """name: as in `tab_fields`, and the id of the gr.Tab. inputs: by the names there. options: by method and
    name. runs: the buttons that run the inputs; they wait for a link's values. bar: the tab's share bar.

    view: inputs → the view of a run of them. replay: a record's events → a view that has seen them.
    blank: values of the views before any result.
    settle: is told a page's session and its inputs before and after some are filled in; returns updates, by
    name, of inputs whose value alone is not enough. followers: what `follow` was given.
    """

    name: str
    inputs: Controls
    options: dict[str, Controls]
    views: Views
    record: gr.State
    bar: gr.HTML
    runs: list[gr.Button]
    view: Callable[[dict], StreamView]
    replay: Callable[[list[dict]], StreamView]
    blank: Values
    settle: Callable[[str | None, dict, dict], dict] = field(default=lambda session, before, after: {})
    followers: list[Callable[[dict | None], Updates]] = field(default_factory=list)

    def follow(self, show: Callable[[dict | None], Updates], outputs: list) -> gr.events.Dependency:
        """Give `outputs` what `show` makes of each record that the tab comes to hold, None where a link took
        the earlier one away. Returns the event of a new record."""
        told = gr.State(_mark(self.record.value), time_to_live=IDLE_SECONDS)

        def tell(record: dict | None) -> Updates:
            return show(record) | {told: _mark(record)}

        def follow(record: dict | None, before: str) -> Updates:
            # Of a state on a tab that was not opened yet, Gradio reports changes that are none.
            return {told: before} if _mark(record) == before else tell(record)

        self.followers.append(tell)
        return self.record.change(follow, [self.record, told], [*outputs, told], **AT_ONCE)

    def controls(self) -> list[gr.components.Component]:
        return [*self.inputs.values(), *all_controls(self.options)]

    def read(self, values) -> dict:
        """Values of the controls, as `link_fields` takes them."""
        settings, options = read_values(list(self.inputs), self.options, values)
        return settings | {"options": options.get(settings.get("method", ""), {})}

    def fill(self, inputs: dict, session: str | None, before: dict | None = None) -> Updates:
        """Updates of the controls that `inputs` names; the rest stays.

        before: values of the inputs until now, as `read` gives them; without, those of a fresh page.
        """
        before = {name: before[name] if before else control.value for name, control in self.inputs.items()}
        settled = self.settle(session, before, {name: inputs.get(name, before[name]) for name in before})
        named = {name: inputs[name] for name in self.inputs if name in inputs} | settled
        options = self.options.get(inputs.get("method", ""), {})
        chosen = {name: value for name, value in inputs.get("options", {}).items() if name in options}
        return {self.inputs[name]: value for name, value in named.items()} | {
            options[name]: value for name, value in chosen.items()
        }

    def show(self, events: list[dict], said: str) -> Values:
        """Values of the views for a result that was computed earlier. said: where it comes from."""
        view = self.replay(events)
        view.progress.text = f"{said} {view.progress.text}"
        return view.values()

    def changed(
        self, shown: Values, record: dict | None, inputs: dict, mirrors: Sequence[gr.HTML] = ()
    ) -> Updates:
        """Updates while a run of these inputs goes on. record: None until it is complete. mirrors: more
        status lines."""
        updates = self.views.updates(shown)
        if record:
            updates[self.record] = record | {"inputs": inputs}
        if "status" in shown:
            updates |= dict.fromkeys(mirrors, shown["status"])
        return updates

    def empty(self, said: str) -> Values:
        """Values of the views without any result."""
        return self.blank | {"status": status("idle", said)}


@dataclass(frozen=True)
class LinkedView:
    """A view with links of its own, which uses the inputs of a tab.

    name: as in `tab_fields`. top: the id of the gr.Tab it is in. restore: (inputs of the link, what of it is
    left out, in sentences) → updates of `outputs`.
    """

    name: str
    top: str
    tab: SharedTab
    outputs: list
    restore: Callable[[dict, list[str]], Updates]
    runs: list[gr.Button] = field(default_factory=list)


def _mark(record: dict | None) -> str:
    """Tells records apart, without a copy of them for each view and page."""
    return sha256(repr(record).encode()).hexdigest()[:16]
