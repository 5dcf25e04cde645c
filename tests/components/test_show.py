"""What a page is shown of a job: values by name, only where they changed, and a refusal in words."""

import time
from threading import Thread
from types import SimpleNamespace

from components import runner
from components.line.line import Line
from components.page.stream_view import StreamView
from components.runner import Runner, show
from tests.components.test_runner import work


class Page(StreamView):
    seen = 0

    def on_step(self, event):
        self.seen += 1

    def values(self, passes_done=0):
        return super().values(passes_done) | {"seen": self.seen, "passes": passes_done, "constant": 1}


def test_a_page_is_shown_what_changes_by_name():
    def stream(on_forward):
        for _ in range(2):
            on_forward(1)
            yield {"type": "step"}
            yield {"type": "unheard of"}
            time.sleep(0.3)

    first, *rest = show(SimpleNamespace(session_hash="a"), "tab", work(stream), Page())
    assert first["constant"] == 1
    assert not any("constant" in values for values in rest)
    assert [values["seen"] for values in [first, *rest] if "seen" in values][-1] == 2


def test_a_run_speaks_once_the_one_that_it_replaces_has_said_its_last(monkeypatch):
    """What Gradio has still to send of that one would stand in its place."""
    monkeypatch.setattr(runner, "HANDOVER_SECONDS", 60)
    page, said = SimpleNamespace(session_hash="a"), []
    replaced = show(page, "tab", work(lambda on_forward: iter([{"type": "step"}])), Page())
    assert next(replaced)
    new = Thread(target=lambda: said.extend(show(page, "tab", work(), Page())))
    new.start()
    new.join(0.2)
    assert not said
    assert not list(replaced)
    new.join(60)
    assert said


def test_a_full_line_is_said_on_the_page(monkeypatch):
    monkeypatch.setenv("MASKWISE_WAITING", "1")
    jobs = Runner(Line())
    monkeypatch.setattr(runner, "RUNNER", jobs)
    jobs.start("b", "tab", work())
    (shown,) = show(SimpleNamespace(session_hash="a"), "tab", work(), Page())
    assert shown["status"]["state"] == "error" and "The line is full" in shown["status"]["text"]
