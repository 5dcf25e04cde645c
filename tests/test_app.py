"""What the app bounds at launch."""

import errno
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from gradio.route_utils import GradioMultiPartParser

import app


def upload(url: str, size: int):
    bound = "x" * 20
    head = f'--{bound}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
    body = head.encode() + b"a" * size + f"\r\n--{bound}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={bound}"}
    return urlopen(Request(f"{url}/gradio_api/upload", body, kind), timeout=60)


@pytest.fixture(scope="module")
def launched():
    demo, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    yield demo, url.rstrip("/")
    demo.close()


def test_uploads_are_bounded(launched):
    _, url = launched
    assert upload(url, 1000).status == 200
    with pytest.raises(HTTPError) as refused:
        upload(url, 21 * 1024 * 1024)
    assert refused.value.code == 413


@pytest.mark.parametrize("number, code, words", [(errno.ENOSPC, 507, "disk is full"), (errno.EIO, 500, "")])
def test_a_file_that_finds_no_room_is_refused_in_words(launched, monkeypatch, number, code, words):
    async def parse(self):
        raise OSError(number, "told by the test")

    monkeypatch.setattr(GradioMultiPartParser, "parse", parse)
    with pytest.raises(HTTPError) as refused:
        upload(launched[1], 10)
    said = refused.value.read().decode()
    assert refused.value.code == code and words in said and "told by the test" not in said


def test_no_run_waits_in_gradios_own_queue_and_what_pages_leave_is_dropped(launched):
    demo, _ = launched
    runs = [event for event in demo.fns.values() if event.queue and event.api_visibility == "public"]
    assert runs and all(event.concurrency_limit is None for event in runs)
    assert demo.delete_cache == (app.KEPT_SECONDS, app.KEPT_SECONDS)
    assert demo.state_session_capacity == app.MOST_SESSIONS
