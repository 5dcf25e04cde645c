"""The line of the log that a job leaves, and what a page is told of an error."""

import logging
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from components.line.line import Line
from components.line.work import Work
from components.runner import Runner
from components.server.health import READY
from explainers.core.errors import MaskwiseError, Stopped, for_the_page

SECRET = "my dear diary"


def ending(error: Exception | None):
    def stream(on_forward):
        on_forward(3)
        yield {"type": "prompt", "spans": [{"text": SECRET}] * 4}
        if error:
            raise error

    return stream


@pytest.mark.parametrize(
    "error, outcome",
    [
        (None, "done"),
        (Stopped("Stopped."), "stopped"),
        (MaskwiseError(f"{SECRET!r} is too long."), "refused"),
        (KeyError(f"/home/owner/{SECRET}"), "failed"),
    ],
)
def test_a_job_leaves_one_line_without_its_text(caplog, error, outcome):
    caplog.set_level(logging.INFO, "maskwise")
    reader = Runner(Line()).start("a", "tab", Work(ending(error), kind="diary", model=SECRET))
    said = [event for events in reader.updates() for event in events]
    (line,) = [text for r in caplog.records if "kind=diary" in (text := r.getMessage())]
    assert line.startswith("job kind=diary model=- spans=4 passes=3 seconds=0.0 waited=0.")
    assert line.endswith(f"outcome={outcome}")
    assert SECRET not in caplog.text
    if outcome == "failed":
        assert "KeyError" in said[-1]["text"] and "/home" not in said[-1]["text"]
        assert "test_job_log.py" in caplog.text


def test_a_job_that_leaves_no_line_still_ends(caplog, monkeypatch):
    monkeypatch.setattr(Line, "leave", lambda *of: 1 / 0)
    monkeypatch.setattr(threading, "excepthook", lambda failed: None)
    reader = Runner(Line()).start("a", "tab", Work(ending(None), kind="generation"))
    assert [event["type"] for events in reader.updates() for event in events] == ["prompt"]


@pytest.mark.parametrize(
    "message, left",
    [
        ("No file /root/.cache/hub/models--a/x.json here", "No file x.json here"),
        ("can't open '/etc/passwd': denied", "can't open 'passwd': denied"),
        (r"C:\Users\me\model.bin is damaged", "model.bin is damaged"),
        ("token hf_abcdefghijklmno was refused", "token … was refused"),
        ("openai-community/gpt2 and 1/2 stay", "openai-community/gpt2 and 1/2 stay"),
    ],
)
def test_other_libraries_messages_lose_paths_and_tokens(message, left):
    assert for_the_page(message) == left


def test_health_and_readiness(launched_url):
    READY.clear()
    assert urlopen(f"{launched_url}healthz").read() == b"ok"
    with pytest.raises(HTTPError) as loading:
        urlopen(f"{launched_url}readyz")
    assert loading.value.code == 503
    READY.set()
    assert urlopen(f"{launched_url}readyz").read() == b"ready"
