"""What Gradio keeps of each page and each client of the API, without its copy of the whole page."""

from __future__ import annotations

from types import SimpleNamespace

from gradio.state_holder import SessionState, StateHolder


class LightSession(SessionState):
    """Without `config_values`: a copy of every component with its last value, which only Gradio's own deep
    links read. It takes two thirds of a megabyte at first, and more with each result that is shown; and at
    each new page and call everybody waits some 40 ms until it is put together."""

    def __init__(self, blocks):
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks={}))  # type: ignore
        self.blocks_config.config_for_block = lambda *asked: {}  # type: ignore[method-assign]

    def _update_config(self, key):
        pass

    def _update_value_in_config(self, key, value):
        pass


class LightSessions(StateHolder):
    """As Gradio's own, of light sessions. Where there are too many, those in which nothing is kept go first,
    such as calls of the API, then pages that were left; among equals the one that was used longest ago."""

    def __getitem__(self, session_id):
        if session_id not in self.session_data:
            self.session_data[session_id] = LightSession(self.blocks)
        return super().__getitem__(session_id)

    def update(self, session_id):
        with self.lock:
            if session_id in self.session_data:
                self.session_data.move_to_end(session_id)
            while len(self.session_data) > self.capacity:
                *before, _ = self.session_data  # the last one is at work
                spare = min(before, key=self._worth)
                del self.session_data[spare]
                self.time_last_used.pop(spare, None)

    def _worth(self, session_id) -> tuple[bool, bool]:
        session = self.session_data[session_id]
        return bool(session.state_data), not session.is_closed


def lighten_sessions(demo) -> None:
    """Of a launched gr.Blocks; what is kept until then is lost."""
    demo.app.state_holder = LightSessions()
    demo.app.state_holder.set_blocks(demo)
